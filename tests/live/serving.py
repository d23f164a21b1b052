"""The real web server as the Procfile starts it, and independent clients of its WebSocket."""

import json
import os
import shlex
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.db import connection
from websockets.sync.client import ClientConnection, connect

from config.environment import ROOT
from integrations_health import pipeline
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests.chaos.processes import Process, wait_until
from tests.results import claim, result

ORIGIN = "https://health.test"
_START_SECONDS = 30.0


class Server:
    """One running server: its process, and where it listens."""

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port

    def open(
        self,
        path: str = "/health-updates",
        *,
        session: str = "",
        origin: str | None = ORIGIN,
        **options: Any,
    ) -> ClientConnection:
        """Open a socket as a browser does. Raises InvalidStatus when it is refused."""
        headers = options.pop("additional_headers", {})
        if session:
            headers = {**headers, "Cookie": f"theme=dark; sessionid={session}"}
        return connect(
            f"ws://127.0.0.1:{self.port}{path}",
            origin=origin,  # type: ignore[arg-type]  # any text, for the refusals
            additional_headers=headers,
            proxy=None,
            open_timeout=20,
            **options,
        )

    def has_connection_from(self, port: int) -> bool:
        """Say whether the server still holds the connection of a client's port."""
        ends = f"0100007F:{self.port:04X} 0100007F:{port:04X} "
        lines = Path("/proc/net/tcp").read_text().splitlines()
        # Once closed, the kernel alone keeps the rest, and no process has it.
        return any(ends in line and line.split()[9] != "0" for line in lines)


@contextmanager
def serving(directory: Path, **environment: str) -> Iterator[Server]:
    """Start the Procfile's `web` on the test database, and stop it afterwards."""
    port = _free_port()
    process = Process(
        "web",
        ["sh", "-c", f"exec {_web_line()}"],
        environment={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": database_url(),
            "PUBLIC_URL": ORIGIN,
            "PORT": str(port),
            "HOST": "127.0.0.1",
            **environment,
        },
        output=directory / "web.log",
    )
    try:
        server = Server(process, port)
        wait_until(
            lambda: _answers(port),
            seconds=_START_SECONDS,
            what="the server answers",
            watching=[process],
        )
        yield server
    finally:
        process.end()


def database_url() -> str:
    """Return the address of the test database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


def subscribe(client: ClientConnection, *integrations: Integration | str, **more: Any) -> None:
    """Ask for updates of integrations, or of ids as they are."""
    ids = [one if isinstance(one, str) else str(one.pk) for one in integrations]
    client.send(json.dumps({"type": "subscribe", "integrationIds": ids, **more}))


def change(*integrations: Integration, outcome: Outcome = Outcome.OK) -> None:
    """Record a check of each integration, as a worker does."""
    pipeline.record([result(target, outcome) for target in claim(*integrations)])


def heard(client: ClientConnection, *, within: float = 10.0) -> Any:
    """Return the next frame. Raises TimeoutError."""
    return json.loads(client.recv(timeout=within))


def hears_nothing(client: ClientConnection, *, within: float) -> bool:
    """Say whether no frame comes within so many seconds."""
    try:
        client.recv(timeout=within)
    except TimeoutError:
        return True
    return False


def _web_line() -> str:
    lines = (ROOT / "Procfile").read_text().splitlines()
    (line,) = (line.partition(":")[2].strip() for line in lines if line.startswith("web:"))
    assert shlex.split(line)
    return line


def _answers(port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"http://127.0.0.1:{port}/healthz", timeout=1):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
