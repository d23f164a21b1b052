"""An MCP server of the stateless revision: one request, one answer, no session."""

from typing import Any

from integrations_health.providers.simulator import mcp_answers as answers
from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.exchange import (
    Exchange,
    NotAnObject,
    NotJson,
    Reply,
    say,
)
from integrations_health.providers.simulator.faults import Step
from integrations_health.providers.simulator.world import Simulator

VERSION = "2026-07-28"
_META = "io.modelcontextprotocol/"
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_NOT_ONE = "Body must be a single JSON-RPC request or notification object"
_LISTED = {"ttlMs": 0, "cacheScope": "private"}


def answer(world: Simulator, exchange: Exchange, account: Account) -> Reply:
    """Answer a request to one server."""
    if exchange.method != "POST":
        return answers.plain(405)._replace(headers=((b"allow", b"POST"),))
    refusal = _refuse_headers(exchange)
    if refusal is not None:
        return refusal
    try:
        message = exchange.json()
    except NotAnObject:
        return answers.error(400, answers.INVALID_REQUEST, _NOT_ONE)
    except NotJson:
        return answers.error(400, answers.PARSE_ERROR, "Parse error")
    if "id" not in message and isinstance(message.get("method"), str):
        return Reply(202, b"", headers=())
    refusal = _refuse_message(exchange, message)
    if refusal is not None:
        return answers.or_gone(world, exchange, account, refusal)
    step = answers.begin(world, exchange, account, message["method"])
    if isinstance(step, Reply):
        return step
    return _dispatch(world, account, message, step)._replace(step=step)


def _refuse_headers(exchange: Exchange) -> Reply | None:
    accept = exchange.header(b"accept")
    if "*/*" not in accept and not ("application/json" in accept and "text/event-stream" in accept):
        return answers.plain(406)
    if not exchange.header(b"content-type").startswith("application/json"):
        return answers.plain(400, "Invalid Content-Type header")
    return None


def _refuse_message(exchange: Exchange, message: dict[str, Any]) -> Reply | None:
    id, method = message.get("id"), message.get("method")
    params = message.get("params", {})
    is_request = message.get("jsonrpc") == "2.0" and isinstance(method, str)
    if not is_request or isinstance(id, bool) or not isinstance(id, int | str):
        return answers.error(400, answers.INVALID_REQUEST, _NOT_ONE)
    if not exchange.header(b"mcp-protocol-version"):
        # Somebody of the eras before, who shall know that there is nothing for him here.
        return _unsupported(id, "2025-03-26")
    problem = _envelope_problem(params)
    if problem:
        return answers.error(400, answers.INVALID_PARAMS, problem, id=id)
    mismatch = _mismatch(exchange, str(method), params)
    if mismatch:
        return answers.error(400, answers.HEADER_MISMATCH, mismatch, id=id)
    version = params["_meta"][f"{_META}protocolVersion"]
    return None if version == VERSION else _unsupported(id, version)


def _unsupported(id: int | str, version: str) -> Reply:
    data = {"supported": [VERSION], "requested": version}
    text = "Unsupported protocol version"
    return answers.error(400, answers.UNSUPPORTED_VERSION, text, id=id, data=data)


def _envelope_problem(params: Any) -> str:
    meta = params.get("_meta") if isinstance(params, dict) else None
    if not isinstance(meta, dict):
        return "params._meta must be an object carrying the required envelope keys"
    keys = [f"{_META}protocolVersion", f"{_META}clientCapabilities"]
    missing = [key for key in keys if key not in meta]
    if missing:
        return f"params._meta is missing the required envelope key(s): {', '.join(missing)}"
    return ""


def _mismatch(exchange: Exchange, method: str, params: dict[str, Any]) -> str:
    version = exchange.header(b"mcp-protocol-version")
    if params["_meta"][f"{_META}protocolVersion"] != version:
        return "mcp-protocol-version header does not match the request envelope's protocol version"
    if exchange.header(b"mcp-method") != method:
        return "mcp-method header does not match the request body's method"
    key = _NAMED.get(method)
    if key and exchange.header(b"mcp-name") != params.get(key):
        return f"mcp-name header does not match the request body's '{key}' parameter"
    return ""


def _dispatch(world: Simulator, account: Account, message: dict[str, Any], step: Step) -> Reply:
    id, method, params = message["id"], message["method"], message["params"]
    match method:
        case "tools/call":
            result = answers.call(world, account, params, step)
        case "tools/list":
            result = {"tools": answers.tools(world, account), **_LISTED}
        case "server/discover":
            capabilities = {"tools": {"listChanged": False}}
            result = {"supportedVersions": [VERSION], "capabilities": capabilities, **_LISTED}
        case _:
            text = "Method not found"
            return answers.error(404, answers.METHOD_NOT_FOUND, text, id=id, data=method)
    result["resultType"] = "complete"
    result["_meta"] = {f"{_META}serverInfo": {"name": account.service.name, "version": "1"}}
    return say(200, {"jsonrpc": "2.0", "id": id, "result": result})
