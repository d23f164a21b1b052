"""One request on its way through the simulator, and what it is answered with."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from integrations_health.providers.simulator.faults import OK, Step
from integrations_health.providers.simulator.journal import Call

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")
HTML = (b"content-type", b"text/html; charset=utf-8")


class Reply(NamedTuple):
    """An answer, and the step of a script that may spoil it on the way out."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = (JSON,)
    step: Step = OK


class Refusal(Exception):
    """The request is answered with an error before anything was done for it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class NotJson(ValueError):
    """The body of the request is no JSON."""


class NotAnObject(NotJson):
    """The body of the request is JSON, but no object."""


def dump(value: Any) -> bytes:
    """Return a value as compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def say(status: int, value: Any, *, step: Step = OK) -> Reply:
    """Return a JSON reply."""
    return Reply(status, dump(value), step=step)


def redirect(step: Step) -> Reply:
    """Return a redirect to the place a step names: by default one where nobody should go."""
    target = step.argument or "http://169.254.169.254/latest/meta-data/"
    return Reply(302, b"", headers=((b"location", target.encode()),))


class Exchange:
    """The request's parts, read when they are wanted, and the way back to the client."""

    __slots__ = ("body", "call", "method", "mood", "path", "query", "receive", "scope", "send")

    def __init__(self, scope: Scope, receive: Receive, send: Send, call: Call) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.call = call
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.body = b""
        self.mood: Step | None = None  # what the provider as a whole does to this request

    def header(self, name: bytes) -> str:
        """Return a header, lower case by name; empty when it was not sent."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value, "latin-1")
        return ""

    @property
    def origin(self) -> str:
        """Return where the client thinks we are: `http://host:port`."""
        return f"http://{self.header(b'host') or 'localhost'}"

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query's parameters, in order, empty ones too."""
        return parse_qsl(self.query.decode(), keep_blank_values=True)

    def form(self) -> dict[str, str]:
        """Return the fields of a posted form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """Return the body. Raises NotJson, NotAnObject."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise NotJson(str(error)) from None
        if not isinstance(value, dict):
            raise NotAnObject("not an object")
        return value

    async def read(self) -> None:
        """Read the whole body."""
        message = await self.receive()
        chunks = [message.get("body", b"")]
        while message.get("more_body"):
            message = await self.receive()
            chunks.append(message.get("body", b""))
        self.body = b"".join(chunks)

    async def start(self, reply: Reply) -> None:
        """Send the status and the headers of a reply; the body is to follow."""
        self.call.status = reply.status
        await self.send(
            {"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)}
        )

    async def finish(self, reply: Reply) -> None:
        """Send a reply whole."""
        length = (b"content-length", b"%d" % len(reply.body))
        await self.start(reply._replace(headers=(*reply.headers, length)))
        await self.send({"type": "http.response.body", "body": reply.body})

    async def push(self, chunk: bytes) -> None:
        """Send a piece of a body that goes on."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    def hang_up(self) -> None:
        """Close the connection in the middle of everything."""
        transport = self.scope.get("state", {}).get("transport")
        if transport is not None:
            transport.abort()

    async def pause(self, seconds: float | None) -> bool:
        """Wait, for ever when `seconds` is None; return whether the client is still there."""
        try:
            await asyncio.wait_for(self._client_left(), seconds)
        except TimeoutError:
            return True
        return False

    async def _client_left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass
