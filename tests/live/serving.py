"""The real web server as the Procfile starts it, and independent clients of its WebSocket."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from integrations_health import pipeline
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests.results import claim, result
from tests.web_process import Web, web

ORIGIN = "https://health.test"


class Server:
    """One running server, and where it listens."""

    def __init__(self, started: Web) -> None:
        self.log = started.log
        self.port = urlsplit(started.url).port or 0

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
def serving(folder: Path, **environment: str) -> Iterator[Server]:
    """Start the Procfile's `web` on the test database, and stop it afterwards."""
    with web(folder, PUBLIC_URL=ORIGIN, **environment) as started:
        yield Server(started)


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


def closed(client: ClientConnection, *, within: float) -> int | None:
    """Return the code by which the server closes. Raises TimeoutError."""
    try:
        while True:
            client.recv(timeout=within)
    except ConnectionClosed as closing:
        return closing.rcvd.code if closing.rcvd else None
