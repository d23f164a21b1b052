"""An MCP server of the revisions before: a handshake, a session, JSON or an event stream."""

import secrets
from typing import Any

from integrations_health.providers.simulator import mcp_answers as answers
from integrations_health.providers.simulator.accounts import Account, Surface
from integrations_health.providers.simulator.exchange import Exchange, NotJson, Reply, dump
from integrations_health.providers.simulator.faults import Fault
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
    if "id" not in message:
        return _session_refusal(world, exchange, account) or Reply(202, b"", headers=())
    if message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        return answers.error(400, answers.INVALID_PARAMS, "Validation error")
    step = answers.spoiled(world, exchange, account)
    if isinstance(step, Reply):
        return step
    return _dispatch(world, exchange, account, message)._replace(step=step)


def _dispatch(
    world: Simulator, exchange: Exchange, account: Account, message: dict[str, Any]
) -> Reply:
    method = message["method"]
    if method == "initialize":
        return _initialize(world, account, message)
    refusal = _session_refusal(world, exchange, account)
    if refusal is not None:
        return refusal
    params = message.get("params") or {}
    match method:
        case "ping":
            return _result(account, message, {})
        case "tools/list":
            return _result(account, message, {"tools": answers.tools(world, account)})
        case "tools/call":
            if _loses_session(world, exchange, account):
                return _no_session()
            return _result(account, message, answers.call(world, exchange, account, params))
    problem = {"code": answers.METHOD_NOT_FOUND, "message": "Method not found", "data": method}
    return _say(account, {"jsonrpc": "2.0", "id": message["id"], "error": problem})


def _initialize(world: Simulator, account: Account, message: dict[str, Any]) -> Reply:
    wanted = (message.get("params") or {}).get("protocolVersion")
    result = {
        "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[-1],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": account.service.name, "version": "1"},
    }
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
    del world.sessions[exchange.header(b"mcp-session-id")]
    return Reply(200, b"")


def _session_refusal(world: Simulator, exchange: Exchange, account: Account) -> Reply | None:
    exchange.call.account = account.id
    session = exchange.header(b"mcp-session-id")
    if not session:
        return answers.error(400, answers.INVALID_REQUEST, "Bad Request: Missing session ID")
    if world.sessions.get(session) != account.id:
        return _no_session()
    version = exchange.header(b"mcp-protocol-version")
    if version and version not in VERSIONS:
        text = f"Bad Request: Unsupported protocol version: {version}"
        return answers.error(400, answers.INVALID_REQUEST, text)
    return None


def _loses_session(world: Simulator, exchange: Exchange, account: Account) -> bool:
    if world.moods.fault(account, Surface.TOOL, exchange.mood).fault is not Fault.SESSION_LOST:
        return False
    world.moods.take(account, Surface.TOOL, exchange.mood)
    del world.sessions[exchange.header(b"mcp-session-id")]
    return True


def _no_session() -> Reply:
    return answers.error(404, answers.INVALID_REQUEST, "Session not found")


def _result(account: Account, message: dict[str, Any], result: dict[str, Any]) -> Reply:
    return _say(account, {"jsonrpc": "2.0", "id": message["id"], "result": result})


def _say(account: Account, message: dict[str, Any]) -> Reply:
    if not account.is_sse:
        return Reply(200, dump(message))
    return Reply(200, b"event: message\r\ndata: %b\r\n\r\n" % dump(message), headers=_STREAM)
