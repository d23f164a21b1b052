"""The messages of MCP's two eras, and what is in the answers to them.

The modern era (2026-07-28 and later) asks and answers in one request. The legacy era (up to
2025-11-25) shakes hands first and may keep a session.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

import msgspec

from integrations_health.providers import bodies
from integrations_health.providers.http import Reply

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
# Header mismatch, missing client capability, unsupported version: only a modern server says these.
MODERN_ERRORS = frozenset({-32020, -32021, -32022})

_ID = 1
_CLIENT = {"name": "integration-health", "version": "1"}
_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": _CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
_VISIBLE = re.compile(r"[\x21-\x7e]{1,1024}")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class Answer(NamedTuple):
    """A JSON-RPC answer: its result, or the code and the words of its error."""

    result: dict[str, Any] | None
    code: int = 0
    error: str = ""

    @property
    def is_modern(self) -> bool:
        """Say whether no server of the legacy era would have answered this."""
        return self.result is None and self.code in MODERN_ERRORS


def modern(method: str, params: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a request that needs no handshake."""
    headers = {"mcp-protocol-version": MODERN, "mcp-method": method}
    if "name" in params:
        headers["mcp-name"] = params["name"]
    return headers, _request(method, {**params, "_meta": _META})


def initialize() -> bytes:
    """Return the body that opens a handshake."""
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": _CLIENT}
    return _request("initialize", params)


def initialized() -> bytes:
    """Return the body that ends a handshake."""
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "notifications/initialized"})


def legacy(method: str, params: Mapping[str, Any]) -> bytes:
    """Return the body of a request after a handshake."""
    return _request(method, params)


def session(welcome: Answer, reply: Reply) -> dict[str, str]:
    """Return the headers that the answer to `initialize` asks of the requests that follow."""
    version = (welcome.result or {}).get("protocolVersion")
    headers = {"mcp-protocol-version": version if is_visible(version) else LEGACY}
    id = reply.headers.get("mcp-session-id")
    if is_visible(id):
        headers["mcp-session-id"] = id
    return headers


def is_visible(value: Any) -> TypeGuard[str]:
    """Say whether `value` can stand in a header: visible ASCII, no blank, no line end."""
    return isinstance(value, str) and _VISIBLE.fullmatch(value) is not None


def answer(reply: Reply) -> Answer | None:
    """Return the answer in a JSON or event-stream reply, None when there is none to our request."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    messages = _events(reply.body) if kind == "text/event-stream" else [reply.body]
    return next((found for found in map(_answer, messages) if found is not None), None)


class Watch:
    """Watches an event stream for our answer: the stream may stay open for long after it."""

    def __init__(self) -> None:
        self._event_at = 0
        self._seen = 0

    def __call__(self, body: bytearray) -> bool:
        """Say whether `body`, which only ever grows, holds our answer now."""
        # Each byte is looked at once, or a server that drips could keep us busy.
        while end := _EVENT_END.search(body, max(self._event_at, self._seen - 3)):
            event = bytes(body[self._event_at : end.start()])
            self._event_at = end.end()
            if _answer(_data(event)) is not None:
                return True
        self._seen = len(body)
        return False


def _events(stream: bytes) -> Iterator[bytes]:
    """Return the data of each finished event."""
    *events, _unfinished = _EVENT_END.split(stream)
    return map(_data, events)


def _data(event: bytes) -> bytes:
    lines = _LINE_END.split(event)
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))


def _answer(message: bytes) -> Answer | None:
    try:
        found = bodies.parsed(message)
    except bodies.Unreadable:
        return None
    # A server that could not read our id answers with none.
    if not isinstance(found, dict) or "jsonrpc" not in found or found.get("id") not in (_ID, None):
        return None
    result, error = found.get("result"), found.get("error")
    if isinstance(result, dict):
        return Answer(result)
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return None
    code, text = error["code"], error.get("message")
    return Answer(None, code, text if isinstance(text, str) else "")


def _request(method: str, params: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": _ID, "method": method, "params": params})
