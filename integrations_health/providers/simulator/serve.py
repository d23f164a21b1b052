"""Run the simulator on a port: in a thread of this process, or until it is told to stop."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from integrations_health.providers.simulator.app import App
from integrations_health.providers.simulator.world import Simulator

_KEEP_ALIVE_SECONDS = 75
_START_SECONDS = 10
_STOP_SECONDS = 0.5
_GLANCE_SECONDS = 0.02  # how often a server looks whether it shall stop


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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:
            await asyncio.sleep(_GLANCE_SECONDS)

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


def serve(simulator: Simulator, *, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Port 0 takes a free one."""
    listener = _listen(host, port)
    simulator.base_url = _url(listener)
    _server(simulator, host).run(sockets=[listener])
    simulator.journal.shut()


@contextmanager
def running(simulator: Simulator | None = None, **options: Any) -> Iterator[Simulator]:
    """Serve on a free port of this machine, in a thread, for the time of the block.

    Without a simulator, `options` make one. Raises DidNotStart.
    """
    simulator = simulator or Simulator(**options)
    listener = _listen("127.0.0.1", 0)
    simulator.base_url = _url(listener)
    server = _server(simulator, "127.0.0.1")
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="provider-simulator", daemon=True
    )
    thread.start()
    try:
        if not server.is_up.wait(_START_SECONDS):
            raise DidNotStart(f"no start within {_START_SECONDS} s")
        yield simulator
    finally:
        server.should_exit = True
        thread.join()
        simulator.journal.shut()


def _server(simulator: Simulator, host: str) -> _Server:
    config = uvicorn.Config(
        App(simulator, is_steerable=is_loopback(host)),
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


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
