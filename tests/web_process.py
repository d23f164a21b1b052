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
        process = child.start(
            ["sh", "-c", f"exec {_line_of_web()}"],
            output=output,
            cwd=ROOT,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "DATABASE_URL": _database_url(),
                # Static files are collected on release; no test asks for one.
                "PYTHONWARNINGS": "ignore:No directory at:UserWarning",
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
                "HOST": "127.0.0.1",
                "PORT": str(port),
                **environment,
            },
        )
    try:
        server = Web(f"http://127.0.0.1:{port}", log, process.pid)
        _wait_for(server, process)
        yield server
    finally:
        child.stop(process, signal_number=15, patience=5)


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
