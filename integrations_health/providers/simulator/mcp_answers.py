"""What an MCP server answers, whatever the era: tools, results, JSON-RPC errors, refusals."""

import json
from typing import Any

from integrations_health.providers.simulator import klavis_tools
from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.exchange import Exchange, Reply, dump, redirect, say
from integrations_health.providers.simulator.failures import failure, words
from integrations_health.providers.simulator.faults import OK, Family, Fault, Step
from integrations_health.providers.simulator.fields import arguments
from integrations_health.providers.simulator.services import Tool
from integrations_health.providers.simulator.world import Simulator

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_INVALID_TOKEN = 'Bearer error="invalid_token"'
_MISSING_SCOPE = 'Bearer error="insufficient_scope", scope="read"'


def error(status: int, code: int, message: str, *, id: Any = None, data: Any = None) -> Reply:
    """Return a JSON-RPC error with an HTTP status."""
    body: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return say(status, {"jsonrpc": "2.0", "id": id, "error": body})


def plain(status: int, text: str = "") -> Reply:
    """Return a refusal that is no JSON-RPC."""
    return Reply(status, text.encode(), headers=(_TEXT,))


def refuse(exchange: Exchange, account: Account) -> Reply | None:
    """Return the refusal of whoever may not come in; None when the token is right."""
    if not account.token or exchange.header(b"authorization") == f"Bearer {account.token}":
        return None
    return _challenge(exchange, 401, _INVALID_TOKEN)


def begin(world: Simulator, exchange: Exchange, account: Account, method: str) -> Step | Reply:
    """Return the step of the script that this request uses up, or the refusal it comes to.

    A server that is down or refuses is so for every method: a handshake may use up the step.
    """
    exchange.call.account = account.id
    is_plain = account.provider == "mcp"
    if is_plain and account.status != "ACTIVE":
        return _challenge(exchange, 401, _INVALID_TOKEN)
    step = world.moods.fault(account, Surface.TOOL, exchange.mood)
    is_refused = (
        step.family is Family.HTTP
        or step.fault is Fault.GONE
        or (is_plain and step.family is Family.CONNECTION)
        or (is_plain and step.fault is Fault.MISSING_SCOPE)
    )
    is_ask = method == "tools/call" or (
        not account.service.is_probed and method in {"ping", "server/discover"}
    )
    if not is_refused and not is_ask and step.family is not Family.WIRE:
        return OK
    step = world.take(exchange, account, Surface.TOOL)
    return failed(exchange, step) if is_refused else step


def or_gone(world: Simulator, exchange: Exchange, account: Account, refusal: Reply) -> Reply:
    """Return a refusal that uses nothing up, or the 404 of a server that is not there to refuse."""
    step = world.moods.fault(account, Surface.TOOL, exchange.mood)
    return failed(exchange, step) if step.fault is Fault.GONE else refusal


def failed(exchange: Exchange, step: Step) -> Reply:
    """Return what an HTTP fault, or a connection that is none, looks like at an MCP server."""
    match step.fault:
        case Fault.GONE | Fault.DISABLED | Fault.AUTH_CONFIG_DISABLED | Fault.INACTIVE:
            return plain(404, "Not Found")
        case Fault.MISSING_SCOPE:
            return _challenge(exchange, 403, _MISSING_SCOPE)
        case Fault.REDIRECT:
            return redirect(step)
        case Fault.HTTP_429:
            reply = plain(429, "Too Many Requests")
            wait = step.argument or "60"
            if wait == "none":
                return reply
            return reply._replace(headers=(*reply.headers, (b"retry-after", wait.encode())))
    if step.family is Family.HTTP and step.fault is not Fault.KEY_REJECTED:
        return plain(int(step.fault), words(step, "Internal Server Error"))
    return _challenge(exchange, 401, _INVALID_TOKEN)


def tools(world: Simulator, account: Account) -> list[dict[str, Any]]:
    """Return the tools of a server."""
    return [
        {"name": tool.name, "description": tool.description, "inputSchema": tool.schema}
        for tool in account.service.mcp_tools.values()
        if tool.name not in world.removed_tools
    ]


def call(world: Simulator, account: Account, params: dict[str, Any], step: Step) -> dict[str, Any]:
    """Run a tool and return its result, failures marked by `isError`."""
    name = str(params.get("name"))
    tool = account.service.mcp_tools.get(name)
    if tool is None or name in world.removed_tools or step.fault is Fault.TOOL_GONE:
        return _result(f"Unknown tool: {name}", is_error=True)
    sent = params.get("arguments") or {}
    if account.provider == "klavis":
        return _result(klavis_tools.text(account, tool, sent, step))
    return _run(account, tool, sent, step)


def _run(account: Account, tool: Tool, sent: dict[str, Any], step: Step) -> dict[str, Any]:
    findings = arguments(sent, tool.schema)
    if findings:
        text = "\n".join(f"{finding.name}\n  {finding.text}" for finding in findings)
        count = f"{len(findings)} validation errors for {tool.name}Arguments"
        return _result(f"Error executing tool {tool.name}: {count}\n{text}", is_error=True)
    if step.fault is Fault.SLACK_OK_FALSE:
        return _result(json.dumps({"ok": False, "error": step.argument or "token_revoked"}))
    if step.family is Family.ANSWER and step.fault is not Fault.SESSION_LOST:
        text = failure(step, account.service).text
        return _result(f"Error executing tool {tool.name}: {text}", is_error=True)
    return _result(json.dumps(tool.answer(account.identity), indent=2))


def _result(text: str, *, is_error: bool = False) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], "isError": is_error}


def _challenge(exchange: Exchange, status: int, problem: str) -> Reply:
    path = exchange.path
    metadata = f"{exchange.origin}/.well-known/oauth-protected-resource{path}"
    header = f'{problem}, resource_metadata="{metadata}"'.encode()
    body = dump({"error": "invalid_token" if status == 401 else "insufficient_scope"})
    reply = Reply(status, body)
    return reply._replace(headers=(*reply.headers, (b"www-authenticate", header)))
