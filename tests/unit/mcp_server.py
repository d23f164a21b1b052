"""An MCP server of either era, on the other side of the wire."""

import json
from typing import Any
from uuid import UUID

import httpx

from integrations_health.outcomes import CheckTarget
from integrations_health.providers.base import Failure, ToolAnswer
from integrations_health.providers.mcp import Mcp
from tests.unit.asking import OPTIONS, Gatekeeper, Wire, said
from tests.unit.targets import target

REQUEST = UUID("22222222-2222-4222-8222-222222222222")
URL = "https://mcp.example.com/mcp"
UNSUPPORTED = -32022


def server(url: str = URL, token: str = "") -> CheckTarget:
    """Return an integration with a server at `url`."""
    return target(provider="mcp", server_url=url, server_token=token)


def result(value: Any, **headers: str) -> httpx.Response:
    """Return the result of a request."""
    return said({"jsonrpc": "2.0", "id": 1, "result": value}, headers=headers)


def error(status: int, code: int, message: str = "no") -> httpx.Response:
    """Return a JSON-RPC error."""
    problem = {"code": code, "message": message}
    return said({"jsonrpc": "2.0", "id": None, "error": problem}, status=status)


def told(text: str, **fields: Any) -> httpx.Response:
    """Return the result of a tool, with its text."""
    return result({"content": [{"type": "text", "text": text}], **fields})


def method_of(request: httpx.Request) -> str:
    """Return what a request asks for."""
    return request.method if not request.content else str(json.loads(request.content)["method"])


class Server:
    """An MCP server of one era, with an answer for each tool call."""

    def __init__(
        self,
        answer: httpx.Response | None = None,
        *,
        is_legacy: bool = False,
        session: str | None = "s1",
        forgets: int = 0,
    ) -> None:
        self.answer = answer or result({})
        self.is_legacy = is_legacy
        self.session = session
        self.forgets = forgets
        self.wire = Wire(by=self.reply)

    def reply(self, request: httpx.Request) -> httpx.Response:
        """Answer as a server of this era does."""
        method = method_of(request)
        if not self.is_legacy:
            is_modern = request.headers.get("mcp-protocol-version") == "2026-07-28"
            return self.answer if is_modern else error(400, UNSUPPORTED)
        if method == "initialize":
            headers = {"mcp-session-id": self.session} if self.session else {}
            return result({"protocolVersion": "2025-06-18"}, **headers)
        if "mcp-method" in request.headers or request.headers.get("mcp-session-id") != self.session:
            return error(400, -32600, "Bad Request")
        if method == "notifications/initialized":
            return httpx.Response(202)
        if method == "DELETE":
            return httpx.Response(405)
        if self.forgets:
            self.forgets -= 1
            return error(404, -32600, "Session not found")
        return self.answer

    @property
    def methods(self) -> list[str]:
        """What was asked, in order."""
        return [method_of(request) for request in self.wire.requests]


def mcp(wire: Wire) -> Mcp:
    """Return a provider whose servers are all at the end of `wire`."""
    return Mcp(**OPTIONS, transport=wire)


async def call(
    provider: Mcp, asked: CheckTarget | None = None, gate: Gatekeeper | None = None
) -> ToolAnswer | Failure:
    """Call the tool that probes Gmail."""
    return await provider.call_tool(
        asked or server(),
        tool="gmail_search_emails",
        arguments={"q": 1},
        request_id=REQUEST,
        gate=gate or Gatekeeper(),
    )
