"""The product's web server in a process of its own, on the database of the tests."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from django.db import connection

from config import child
from config.environment import ROOT
from tests import forks
from tests.forks import Fork, ForkServer

START_SECONDS = 30.0


@dataclass(frozen=True)
class Web:
    """A server that runs: where it is reached, where it logs to, and its process."""

    url: str
    log_file: Path
    pid: int

    def log(self) -> str:
        """Return what it said so far."""
        return self.log_file.read_text()


@contextmanager
def web(folder: Path, **environment: str) -> Iterator[Web]:
    """Run uvicorn as the Procfile has it until the block ends."""
    port = _free_port()
    with _served(forks.libraries(), port, _environment(port) | environment, folder) as server:
        yield server


class Preloaded:
    """Runs servers one after another as `web` does, without what each imports and reads.

    All have one address and one environment.
    """

    def __init__(self, server: ForkServer, port: int) -> None:
        self._server = server
        self._port = port

    @contextmanager
    def web(self, folder: Path) -> Iterator[Web]:
        """Run a server until the block ends."""
        with _served(self._server, self._port, _environment(self._port), folder) as server:
            yield server


@contextmanager
def preloaded() -> Iterator[Preloaded]:
    """Import the product once, for as many servers as are asked for until the block ends."""
    with socket.socket() as reserved:
        # Nobody is given the port between two servers, which may have it, for nobody listens here.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with ForkServer(["tests.whole_web"], _environment(port)) as server:
            yield Preloaded(server, port)


@contextmanager
def _served(
    server: ForkServer, port: int, environment: dict[str, str], folder: Path
) -> Iterator[Web]:
    log = folder / "web.log"
    variables, arguments = _line_of_web(environment)
    process = server.start(["-m", *arguments], environment={**environment, **variables}, output=log)
    try:
        running = Web(_url_of(port), log, process.pid)
        _wait_for(running, process)
        yield running
    finally:
        child.stop(process, signal_number=15, patience=5)


def _environment(port: int) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": _database_url(),
        **forks.QUIET,
        "PUBLIC_URL": _url_of(port),
        "HOST": "127.0.0.1",
        "PORT": str(port),
    }


def _url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _line_of_web(environment: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the variables and the command of the Procfile's `web`, as a shell would have them."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    (line,) = (line.partition(":")[2].strip() for line in lines if line.startswith("web:"))
    said = subprocess.check_output(["sh", "-c", f'printf "%s\\n" {line}'], env=environment)
    env, *words = said.decode().splitlines()
    assert env == "env"
    command = [word for word in words if "=" not in word]
    return dict(word.split("=", 1) for word in words if "=" in word), command


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _database_url() -> str:
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _wait_for(server: Web, process: Fork) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, server.log()
        try:
            httpx.get(f"{server.url}/healthz", timeout=1, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"It did not answer in {START_SECONDS} s: {server.log()}")
