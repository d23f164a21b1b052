"""An MCP server of the revisions before: a handshake, a session, JSON or an event stream."""

import secrets
from typing import Any

from integrations_health.providers.simulator import mcp_answers as answers
from integrations_health.providers.simulator.accounts import Account
from integrations_health.providers.simulator.exchange import Exchange, NotJson, Reply, dump
from integrations_health.providers.simulator.faults import Fault, Step
from integrations_health.providers.simulator.world import Simulator

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
_MOST_SESSIONS = 10_000
_STREAM = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache, no-transform"))


def answer(world: Simulator, exchange: Exchange, account: Account) -> Reply:
    """Answer a request to one server."""
    if exchange.method == "DELETE":
        return _end(world, exchange, account)
    if exchange.method != "POST":
        return answers.plain(405)._replace(headers=((b"allow", b"POST, DELETE"),))
    accept = exchange.header(b"accept")
    if "application/json" not in accept or "text/event-stream" not in accept:
        text = "Not Acceptable: Client must accept both application/json and text/event-stream"
        return answers.error(406, answers.INVALID_REQUEST, text)
    try:
        message = exchange.json()
    except NotJson:
        return answers.error(400, answers.PARSE_ERROR, "Parse error")
    method = message.get("method")
    if method != "initialize":
        # Before the script is asked: a client that tries the other era first uses nothing up.
        refusal = _session_refusal(world, exchange, account)
        if refusal is not None:
            return answers.or_gone(world, exchange, account, refusal)
    if "id" not in message:
        return Reply(202, b"", headers=())
    if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return answers.error(400, answers.INVALID_PARAMS, "Validation error")
    step = answers.begin(world, exchange, account, method)
    if isinstance(step, Reply):
        return step
    if step.fault is Fault.SESSION_LOST and world.sessions.pop(_session(exchange), ""):
        return _no_session()
    return _dispatch(world, account, message, step)._replace(step=step)


def _dispatch(world: Simulator, account: Account, message: dict[str, Any], step: Step) -> Reply:
    method, params = message["method"], message.get("params") or {}
    match method:
        case "initialize":
            return _initialize(world, account, message)
        case "ping":
            return _result(account, message, {})
        case "tools/list":
            return _result(account, message, {"tools": answers.tools(world, account)})
        case "tools/call":
            return _result(account, message, answers.call(world, account, params, step))
    problem = {"code": answers.METHOD_NOT_FOUND, "message": "Method not found", "data": method}
    return _say(account, {"jsonrpc": "2.0", "id": message["id"], "error": problem})


def _initialize(world: Simulator, account: Account, message: dict[str, Any]) -> Reply:
    wanted = (message.get("params") or {}).get("protocolVersion")
    result = {
        "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[-1],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": account.service.name, "version": "1"},
    }
    if not account.has_sessions:
        return _result(account, message, result)
    session = secrets.token_hex(16)
    if len(world.sessions) >= _MOST_SESSIONS:
        del world.sessions[next(iter(world.sessions))]
    world.sessions[session] = account.id
    reply = _result(account, message, result)
    return reply._replace(headers=(*reply.headers, (b"mcp-session-id", session.encode())))


def _end(world: Simulator, exchange: Exchange, account: Account) -> Reply:
    refusal = _session_refusal(world, exchange, account)
    if refusal is not None:
        return refusal
    is_ended = world.sessions.pop(_session(exchange), None) is not None
    return Reply(200, b"") if is_ended else answers.plain(405)


def _session_refusal(world: Simulator, exchange: Exchange, account: Account) -> Reply | None:
    exchange.call.account = account.id
    session = _session(exchange)
    if not session and account.has_sessions:
        return answers.error(400, answers.INVALID_REQUEST, "Bad Request: Missing session ID")
    if account.has_sessions and world.sessions.get(session) != account.id:
        return _no_session()
    version = exchange.header(b"mcp-protocol-version")
    if version and version not in VERSIONS:
        text = f"Bad Request: Unsupported protocol version: {version}"
        return answers.error(400, answers.INVALID_REQUEST, text)
    return None


def _session(exchange: Exchange) -> str:
    return exchange.header(b"mcp-session-id")


def _no_session() -> Reply:
    return answers.error(404, answers.INVALID_REQUEST, "Session not found")


def _result(account: Account, message: dict[str, Any], result: dict[str, Any]) -> Reply:
    return _say(account, {"jsonrpc": "2.0", "id": message["id"], "result": result})


def _say(account: Account, message: dict[str, Any]) -> Reply:
    if not account.is_sse:
        return Reply(200, dump(message))
    return Reply(200, b"event: message\r\ndata: %b\r\n\r\n" % dump(message), headers=_STREAM)
