"""Run the simulator on a port: in a thread of this process, or until it is told to stop."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from integrations_health.providers.simulator.app import App
from integrations_health.providers.simulator.world import Simulator

_KEEP_ALIVE_SECONDS = 75
_BACKLOG = 2048
_START_SECONDS = 10
_STOP_SECONDS = 0.5


class DidNotStart(RuntimeError):
    """The simulator did not listen in time."""


class _Connection(HttpToolsProtocol):
    """An HTTP connection that the application can cut."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class _Server(uvicorn.Server):
    """A server that lets go of hanging requests as soon as it is told to stop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = threading.Event()
        self._is_told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self.is_up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._is_told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.stop()

    def stop(self) -> None:
        """Stop serving, from any thread or signal."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed already
                self._loop.call_soon_threadsafe(self._is_told.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        # Answered or not: a request that hangs would hold the server up for ever.
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_STOP_SECONDS)


def is_loopback(host: str) -> bool:
    """Say whether nobody but this machine reaches `host`."""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def listen(simulator: Simulator, *, host: str, port: int) -> socket.socket:
    """Take a port, a free one for 0, and tell the simulator where it is. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(_BACKLOG)
    number = listener.getsockname()[1]
    simulator.base_url = f"http://[{host}]:{number}" if ":" in host else f"http://{host}:{number}"
    return listener


def serve(simulator: Simulator, listener: socket.socket) -> None:
    """Serve on a port that was taken, until SIGINT or SIGTERM."""
    try:
        # It is raised once more after the server has stopped: that is how one stops it.
        with suppress(KeyboardInterrupt):
            _server(simulator, listener).run(sockets=[listener])
    finally:
        simulator.journal.shut()


@contextmanager
def running(simulator: Simulator | None = None, **options: Any) -> Iterator[Simulator]:
    """Serve on a free port of this machine, in a thread, for the time of the block.

    Without a simulator, `options` make one. Raises DidNotStart.
    """
    simulator = simulator or Simulator(**options)
    listener = listen(simulator, host="127.0.0.1", port=0)
    server = _server(simulator, listener)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="provider-simulator", daemon=True
    )
    thread.start()
    try:
        if not server.is_up.wait(_START_SECONDS):
            raise DidNotStart(f"no start within {_START_SECONDS} s")
        yield simulator
    finally:
        server.stop()
        thread.join()
        simulator.journal.shut()


def _server(simulator: Simulator, listener: socket.socket) -> _Server:
    is_steerable = is_loopback(listener.getsockname()[0])
    config = uvicorn.Config(
        App(simulator, is_steerable=is_steerable),
        http=_Connection,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
    )
    return _Server(config)
