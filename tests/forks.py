"""Processes of the product that start at once, because what they import is imported already."""

import functools
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from config import child
from config.environment import ROOT

# What takes longest of all that each process of the product imports of others, and asks for no
# settings. Not aiohttp: a test looks who brings it.
LIBRARIES = (
    *("celery.bin.celery", "celery.apps.worker", "celery.apps.beat", "celery.concurrency.prefork"),
    *("celery.worker.worker", "celery.worker.consumer", "kombu.transport.redis", "redis.asyncio"),
    *("django.contrib.admin.options", "django.core.management.commands.migrate"),
    *("django.db.backends.postgresql.base", "rest_framework.serializers", "psycopg_pool"),
    *("uvicorn.protocols.http.httptools_impl", "channels.routing", "channels_redis.core", "uvloop"),
    *("httpx", "structlog", "orjson", "cryptography.fernet", "cron_descriptor", "zoneinfo"),
)
# Static files are collected on release; few tests ask for one.
QUIET = {"PYTHONWARNINGS": "ignore:No directory at:UserWarning"}
_LOOK_EVERY = 0.01


class Fork:
    """A process that a fork server started; it is asked about as `subprocess.Popen` is."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        """Know it by its process id."""
        self.pid = pid
        self.returncode: int | None = None
        self._server = server

    def poll(self) -> int | None:
        """Return its exit status, below zero when a signal ended it; None while it runs."""
        if self.returncode is None:
            self.returncode = self._server.ask(look=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit status. Raises subprocess.TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                assert timeout is not None
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(_LOOK_EVERY)
        return status

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(9)


class ForkServer:
    """Imports modules once, and starts what needs them as forks of itself.

    They end with it, and it ends with this process, however that dies.
    """

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it; `environment` is what the modules see when they are imported."""
        self._lock = threading.Lock()
        self._process = child.start(
            [sys.executable, "-m", "tests.fork_server", *modules],
            output=subprocess.PIPE,
            stdin=subprocess.PIPE,
            env=dict(environment),
            cwd=ROOT,
        )

    def __enter__(self) -> Self:
        """Stop it at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it, and whatever it started."""
        self.stop()

    def start(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], output: Path
    ) -> Fork:
        """Start what `python ARGUMENTS` would, in a group of its own, its output in a file."""
        output.touch()
        pid = self.ask(start=arguments, environment=dict(environment), output=str(output))
        return Fork(self, pid)

    def ask(self, **order: Any) -> Any:
        """Return the server's answer to one order."""
        with self._lock:
            self._pipe(self._process.stdin).write(json.dumps(order).encode() + b"\n")
            self._pipe(self._process.stdin).flush()
            answer = self._pipe(self._process.stdout).readline()
        try:
            return json.loads(answer)
        except ValueError:
            self._process.kill()
            raise AssertionError(f"The fork server failed: {answer.decode()}") from None

    def stop(self) -> None:
        """Stop it, and whatever it started."""
        with self._process:
            child.stop(self._process, signal_number=15, patience=5)

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe


@functools.cache
def libraries() -> ForkServer:
    """Return the one server of this test run that has imported `LIBRARIES`."""
    return ForkServer(LIBRARIES, os.environ | QUIET)


def stop() -> None:
    """Stop the server of `libraries`, if there is one."""
    if libraries.cache_info().currsize:
        libraries().stop()
        libraries.cache_clear()


def can_be_forked(command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Say whether a fork is what the command would be.

    It is when it is this Python, and nothing in its environment is for Python or the loader alone.
    """
    return (
        sys.platform == "linux"
        and command[0] == sys.executable
        and (command[1] == "-m" or command[1].endswith(".py"))
        and all(
            value == os.environ.get(name)
            for name, value in environment.items()
            if name.startswith(("PYTHON", "LD_"))
        )
    )
