"""A TCP server whose every byte a test decides."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Talk = Callable[["Peer"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Peer:
    """One connection, seen from the server."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[bytes]
    ) -> None:
        self._reader, self._writer = reader, writer
        self._seen = seen

    async def request(self) -> bytes:
        """Return the next request whole. Raises EOFError when the client has left."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        self._seen.append(head + await self._reader.readexactly(length))
        return self._seen[-1]

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()

    def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()


class WireServer:
    """Counts its connections, all there ever were and those that are open, and its requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections = 0
        self.open = 0
        self.requests: list[bytes] = []


@asynccontextmanager
async def serving(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[WireServer]:
    """Serve `talk` to each connection, until the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        server.open += 1
        peer = Peer(reader, writer, server.requests)
        with suppress(EOFError, ConnectionError, asyncio.CancelledError):
            await talk(peer)
        server.open -= 1
        writer.close()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server = WireServer(f"http{'s' if tls else ''}://127.0.0.1:{port}/")
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def always_ok(peer: Peer) -> None:
    """Answer every request, and keep the connection."""
    while True:
        await peer.request()
        await peer.say(OK)
