"""What the answers of plain MCP servers mean, and what is never asked."""

import json
from typing import Any

import httpx
import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import (
    ConnectionState,
    Failure,
    ServerStatus,
    ToolAnswer,
)
from tests.unit.asking import Gatekeeper, Wire, said
from tests.unit.mcp_server import UNSUPPORTED, Server, call, error, mcp, result, server, told

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("is_legacy", [False, True])
async def test_a_sign_of_life_is_a_status(is_legacy: bool) -> None:
    alive = Server(result({}), is_legacy=is_legacy)

    status = await mcp(alive.wire).get_server_status(server(), gate=Gatekeeper())

    assert isinstance(status, ServerStatus)
    assert status.state is ConnectionState.ACTIVE
    assert ("ping" if is_legacy else "server/discover") in alive.methods


def sse(message: Any) -> httpx.Response:
    stream = f"event: message\ndata: {json.dumps(message)}\n\n"
    return httpx.Response(200, text=stream, headers={"content-type": "text/event-stream"})


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        (told('{"a": 1}'), {"a": 1}),
        (told("plain words"), "plain words"),
        (told("", structuredContent={"b": 2}), {"b": 2}),
        (result({"content": []}), ""),
        (told("[]", isError=False, resultType="complete"), []),
        (sse({"jsonrpc": "2.0", "id": 1, "result": {"content": []}}), ""),
    ],
)
async def test_a_result_is_a_good_answer(answer: httpx.Response, data: Any) -> None:
    heard = await call(mcp(Wire(answer)))

    assert isinstance(heard, ToolAnswer)
    assert heard.is_successful
    assert heard.data == data


@pytest.mark.parametrize(
    ("answer", "error_text"),
    [
        (told("Error executing tool boom", isError=True), "Error executing tool boom"),
        (told("401 Client Error", isError=True), "401 Client Error"),
        (told('{"error": "invalid_grant"}'), "invalid_grant"),
        (told("Error: token_revoked"), "Error: token_revoked"),
        (result({"content": [], "structuredContent": {"error": "not_authed"}}), "not_authed"),
        (told("?", resultType="input_required"), "the tool asks back: input_required"),
        (error(200, -32603, "Unauthorized: token_expired"), "Unauthorized: token_expired"),
        (error(200, -32000, "upstream"), "upstream"),
    ],
)
async def test_a_failed_tool_is_an_answer_too(answer: httpx.Response, error_text: str) -> None:
    heard = await call(mcp(Wire(answer)))

    assert isinstance(heard, ToolAnswer)
    assert not heard.is_successful
    assert heard.error == error_text


@pytest.mark.parametrize(
    ("answer", "of_tool", "of_status"),
    [
        (told("Unknown tool: x", isError=True), Outcome.PROBE_MISCONFIGURED, "active"),
        (told("Unknown tool: x"), Outcome.PROBE_MISCONFIGURED, "active"),
        (told('{"error": "Unknown tool: x"}'), Outcome.PROBE_MISCONFIGURED, "active"),
        (error(200, -32602, "Tool x not found"), Outcome.PROBE_MISCONFIGURED, "active"),
        (error(404, -32601, "Method not found"), Outcome.PROBE_MISCONFIGURED, "active"),
        (error(400, UNSUPPORTED), Outcome.PROBE_MISCONFIGURED, "active"),
        (error(400, -32602, "_meta"), Outcome.BAD_RESPONSE, Outcome.BAD_RESPONSE),
        (said({}, status=401, headers={"www-authenticate": "Bearer"}), Outcome.AUTH_EXPIRED, None),
        (said({}, status=403), Outcome.PERMISSION, Outcome.PERMISSION),
        (httpx.Response(404, text="Not Found"), Outcome.DISCONNECTED, "gone"),
        (httpx.Response(410, text="Gone"), Outcome.DISCONNECTED, "gone"),
        (httpx.Response(405), Outcome.BAD_RESPONSE, Outcome.BAD_RESPONSE),
        (httpx.Response(200, text="<html>"), Outcome.BAD_RESPONSE, Outcome.BAD_RESPONSE),
        (httpx.Response(202), Outcome.BAD_RESPONSE, Outcome.BAD_RESPONSE),
        (httpx.Response(302), Outcome.BAD_RESPONSE, Outcome.BAD_RESPONSE),
        (httpx.Response(429), Outcome.RATE_LIMITED, Outcome.RATE_LIMITED),
        (httpx.Response(503), Outcome.SERVER_ERROR, Outcome.SERVER_ERROR),
        (error(200, -32603), None, Outcome.SERVER_ERROR),
    ],
)
async def test_other_answers_mean_something_for_tool_and_status(
    answer: httpx.Response, of_tool: Any, of_status: Any
) -> None:
    tool = await call(mcp(Wire(answer)))
    status = await mcp(Wire(answer)).get_server_status(server(), gate=Gatekeeper())

    assert getattr(tool, "outcome", None) == of_tool
    assert getattr(status, "outcome", getattr(status, "state", None)) == (of_status or of_tool)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://mcp.example.com",
        "file:///etc/passwd",
        "mcp.example.com/mcp",
        "http://",
        "http://mcp.example.com:port",
    ],
)
async def test_an_address_that_is_none_of_http_is_refused_unasked(url: str) -> None:
    wire = Wire(result({}))

    tool = await call(mcp(wire), server(url))
    status = await mcp(wire).get_server_status(server(url), gate=Gatekeeper())

    for heard in (tool, status):
        assert isinstance(heard, Failure)
        assert heard.outcome is Outcome.PROBE_MISCONFIGURED
        assert "address" in heard.detail
    assert wire.requests == []


@pytest.mark.parametrize("token", ["a b", "a\r\nx: y", "\u00e9", "\x00"])
async def test_a_token_that_no_header_can_hold_is_refused_unasked(token: str) -> None:
    wire = Wire(result({}))

    heard = await call(mcp(wire), server(token=token))

    assert isinstance(heard, Failure)
    assert heard.outcome is Outcome.PROBE_MISCONFIGURED
    assert wire.requests == []


async def test_a_token_takes_the_place_of_a_password_in_the_address() -> None:
    modern = Server(told("{}"))

    await call(mcp(modern.wire), server("https://me:word@mcp.example.com/mcp", token="tok"))

    (request,) = modern.wire.requests
    assert request.url.userinfo == b""
    assert request.headers["authorization"] == "Bearer tok"


async def test_there_is_no_sign_in_to_start() -> None:
    provider = mcp(Wire(result({})))

    link = await provider.start_reauth(server(), callback_url="https://a.b", gate=Gatekeeper())

    assert isinstance(link, Failure)


async def test_there_is_no_list_of_plain_servers() -> None:
    assert [found async for found in mcp(Wire(result({}))).discover(gate=Gatekeeper())] == []
