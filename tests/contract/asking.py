"""Well-formed requests to each provider, for tests that change one thing about them."""

from typing import Any

import httpx

from integrations_health.providers.simulator import Account, Simulator

LIST = "/api/v3.1/connected_accounts"
EXECUTE = "/api/v3.1/tools/execute"
CALL_TOOL, LIST_TOOLS = "/mcp-server/call-tool", "/mcp-server/list-tools"
KLAVIS_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "gmail": ("gmail_search_emails", {"query": "x", "maxResults": 1}),
    "calendar": ("google_calendar_list_calendars", {"max_results": 1}),
    "slack": ("slack_user_list_channels", {"limit": 1}),
}
MODERN, LEGACY = "2026-07-28", "2025-11-25"
META_PREFIX = "io.modelcontextprotocol/"
META: dict[str, Any] = {
    f"{META_PREFIX}protocolVersion": MODERN,
    f"{META_PREFIX}clientInfo": {"name": "health", "version": "1"},
    f"{META_PREFIX}clientCapabilities": {},
}
MCP_HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
MCP_CALL = {"name": "gmail_search_emails", "arguments": {"query": "x"}}


def execute(
    composio: httpx.Client, account: Account, tool: str = "GMAIL_GET_PROFILE", **changes: Any
) -> httpx.Response:
    """Run a tool at Composio; `changes` are fields of the body."""
    asked = {
        "connected_account_id": account.id,
        "user_id": account.user_id,
        "arguments": {},
        **changes,
    }
    return composio.post(f"{EXECUTE}/{tool}", json=asked)


def call_tool(
    klavis: httpx.Client, simulator: Simulator, account: Account, **changes: Any
) -> httpx.Response:
    """Call the cheap tool of an account's service at Klavis; `changes` are fields of the body."""
    tool, arguments = KLAVIS_CALLS[account.service.name]
    asked = {
        "serverUrl": simulator.server_url(account),
        "toolName": tool,
        "toolArgs": arguments,
        "connectionType": "StreamableHttp",
        **changes,
    }
    return klavis.post(CALL_TOOL, json=asked)


def modern(method: str, params: Any = None, **headers: str | None) -> dict[str, Any]:
    """Return the parts of a request to a modern MCP server; a header that is None is left out."""
    params = {} if params is None else params
    sent: dict[str, str | None] = {
        **MCP_HEADERS,
        "mcp-protocol-version": MODERN,
        "mcp-method": method,
        "mcp-name": params.get("name"),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": META, **params}}
    return {
        "headers": {name: value for name, value in sent.items() if value is not None},
        "json": message,
    }


def legacy(method: str, params: Any = None, *, id: int | None = 2) -> dict[str, Any]:
    """Return a message to a legacy MCP server; without an id it is a notification."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if id is not None:
        message["id"] = id
    if params is not None:
        message["params"] = params
    return message


INITIALIZE = {
    "protocolVersion": LEGACY,
    "capabilities": {},
    "clientInfo": {"name": "health", "version": "1"},
}
