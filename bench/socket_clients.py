"""Clients of the WebSocket: those that read, those that read slowly, those that never do."""

import asyncio
import json
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

_CONNECTING_AT_ONCE = 20
_SLOW_SECONDS = 0.5
_LITTLE = 4_096


@dataclass
class Heard:
    """What all clients heard: id, version and instant of each frame, and who was closed when."""

    frames: list[tuple[str, int, float]] = field(default_factory=list)
    open: int = 0
    lost: int = 0
    closed_after: list[float] = field(default_factory=list)


class Crowd:
    """So many clients at once; each is one of the looking users."""

    def __init__(self, port: int) -> None:
        self.heard = Heard()
        self._port = port
        self._tasks: list[asyncio.Task[None]] = []
        self._door = asyncio.Semaphore(_CONNECTING_AT_ONCE)
        self._is_over = False

    async def gather(self, lookers: Sequence[dict[str, Any]]) -> None:
        """Let these come in, and wait until each has heard of all it follows."""
        ready = [asyncio.Event() for _ in lookers]
        for looker, event in zip(lookers, ready, strict=True):
            self._tasks.append(asyncio.create_task(self._look(looker, event)))
        for event in ready:
            await event.wait()

    async def gather_deaf(self, lookers: Sequence[dict[str, Any]], *, is_slow: bool) -> None:
        """Let in some that never read, or only a little now and then."""
        for looker in lookers:
            link = await asyncio.to_thread(_by_hand, self._port, looker)
            self._tasks.append(asyncio.create_task(self._hold(link, is_slow=is_slow)))

    async def leave(self) -> None:
        """Let all go."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look(self, looker: dict[str, Any], ready: asyncio.Event) -> None:
        await self._door.acquire()
        address = f"ws://127.0.0.1:{self._port}/health-updates"
        async with connect(
            address,
            subprotocols=["bearer", looker["token"]],
            compression=None,
            ping_interval=None,
            proxy=None,
            open_timeout=60,
        ) as client:
            await client.send(json.dumps(_wish(looker)))
            left = len(looker["integrations"])
            self.heard.open += 1
            try:
                async for text in client:
                    frame = json.loads(text)
                    left -= 1
                    if left == 0:
                        self._door.release()
                        ready.set()
                    elif left < 0:
                        at = time.time()
                        self.heard.frames.append((frame["integrationId"], frame["version"], at))
            except ConnectionClosed:
                pass
            if not self._is_over:
                self.heard.lost += 1

    async def _hold(self, link: socket.socket, *, is_slow: bool) -> None:
        loop, began = asyncio.get_running_loop(), time.monotonic()
        with link:
            while not _is_closed(link):
                if is_slow:
                    link.setblocking(False)
                    await loop.sock_recv(link, 200)
                await asyncio.sleep(_SLOW_SECONDS)
        self.heard.closed_after.append(time.monotonic() - began)


def _is_closed(link: socket.socket) -> bool:
    """Say whether the server has ended the connection, without reading what waits."""
    state = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return state[0] != 1  # TCP_ESTABLISHED


def _by_hand(port: int, looker: dict[str, Any]) -> socket.socket:
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LITTLE)
    link.connect(("127.0.0.1", port))
    link.sendall(
        (
            "GET /health-updates HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Protocol: bearer, {looker['token']}\r\n\r\n"
        ).encode()
    )
    if not link.recv(1_000).startswith(b"HTTP/1.1 101"):
        raise ConnectionError("a client was refused")
    text = json.dumps(_wish(looker)).encode()
    link.sendall(b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text)
    return link


def _wish(looker: dict[str, Any]) -> dict[str, Any]:
    return {"type": "subscribe", "integrationIds": looker["integrations"]}
