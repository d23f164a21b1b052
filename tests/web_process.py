"""The product's web server in a process of its own, on the database of the tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx
from django.db import connection

from config import child
from config.environment import ROOT

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
    log = folder / "web.log"
    with log.open("wb") as output:
        process = _start(_line_of_web(), port, environment, output=output)
    try:
        server = Web(_url_of(port), log, process.pid)
        _wait_for(server, process)
        yield server
    finally:
        child.stop(process, signal_number=15, patience=5)


class Preloaded:
    """Runs servers one after another as `web` does, without the second and more that each imports.

    All have one address and one environment.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    @contextmanager
    def web(self, folder: Path) -> Iterator[Web]:
        """Run a server until the block ends."""
        log = folder / "web.log"
        pid = self._ask(str(log))
        assert pid.isdecimal(), pid
        try:
            server = Web(_url_of(self._port), log, int(pid))
            _wait_for(server, self._process)
            yield server
        finally:
            self._ask("")

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()
        return self._process.stdout.readline().decode().strip()


@contextmanager
def preloaded() -> Iterator[Preloaded]:
    """Import the product once, for as many servers as are asked for until the block ends."""
    line = _line_of_web().replace("uvicorn ", f"{sys.executable} -m tests.preloaded_web ", 1)
    with socket.socket() as reserved:
        # Nobody is given the port between two servers, which may have it, for nobody listens here.
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with _start(line, port, {}, output=subprocess.PIPE, stdin=subprocess.PIPE) as process:
            try:
                yield Preloaded(process, port)
            finally:
                child.stop(process, signal_number=15, patience=5)


def _start(
    line: str,
    port: int,
    environment: dict[str, str],
    *,
    output: int | IO[bytes],
    stdin: int | None = None,
) -> subprocess.Popen[bytes]:
    return child.start(
        ["sh", "-c", f"exec {line}"],
        output=output,
        stdin=stdin,
        cwd=ROOT,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DATABASE_URL": _database_url(),
            # Static files are collected on release; no test asks for one.
            "PYTHONWARNINGS": "ignore:No directory at:UserWarning",
            "PUBLIC_URL": _url_of(port),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            **environment,
        },
    )


def _url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _line_of_web() -> str:
    lines = (ROOT / "Procfile").read_text().splitlines()
    (line,) = (line.partition(":")[2].strip() for line in lines if line.startswith("web:"))
    return line


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _database_url() -> str:
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _wait_for(server: Web, process: subprocess.Popen[bytes]) -> None:
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
