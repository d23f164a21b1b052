"""A server is asked in its own era, whatever it was in before."""

import json

import httpx
import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import (
    ConnectionState,
    Failure,
    NoBudget,
    ServerStatus,
    ToolAnswer,
)
from tests.unit.asking import Gatekeeper, Wire
from tests.unit.mcp_server import REQUEST, UNSUPPORTED, Server, call, error, mcp, server, told

pytestmark = pytest.mark.asyncio


async def test_a_modern_server_is_asked_once_and_without_a_handshake() -> None:
    modern = Server(told("{}"))

    await call(mcp(modern.wire), server(token="tok"))

    (request,) = modern.wire.requests
    assert request.headers["mcp-method"] == "tools/call"
    assert request.headers["mcp-name"] == "gmail_search_emails"
    assert request.headers["mcp-protocol-version"] == "2026-07-28"
    assert request.headers["authorization"] == "Bearer tok"
    assert request.headers["x-request-id"] == str(REQUEST)
    params = json.loads(request.content)["params"]
    assert (params["name"], params["arguments"]) == ("gmail_search_emails", {"q": 1})
    assert params["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"


async def test_a_legacy_server_is_found_out_once_and_then_greeted_at_once() -> None:
    legacy = Server(told("{}"), is_legacy=True)
    provider = mcp(legacy.wire)

    for _ in range(2):
        assert isinstance(await call(provider), ToolAnswer)

    handshake = ["initialize", "notifications/initialized", "tools/call", "DELETE"]
    assert legacy.methods == ["tools/call", *handshake, *handshake]
    sessions = [r.headers.get("mcp-session-id") for r in legacy.wire.requests[-4:]]
    assert sessions == [None, "s1", "s1", "s1"]
    versions = {r.headers.get("mcp-protocol-version") for r in legacy.wire.requests[-3:]}
    assert versions == {"2025-06-18"}


@pytest.mark.parametrize(
    "refusal",
    [
        # The SDKs for Rust and, in the beginning, for Go.
        httpx.Response(422, text="Unexpected message, expect initialize request"),
        error(200, 0, 'method "tools/call" is invalid during session initialization'),
    ],
)
async def test_whoever_wants_a_handshake_first_gets_one(refusal: httpx.Response) -> None:
    legacy = Server(told("{}"), is_legacy=True)

    def reply(request: httpx.Request) -> httpx.Response:
        is_modern = "mcp-method" in request.headers
        return refusal if is_modern else legacy.reply(request)

    heard = await call(mcp(Wire(by=reply)))

    assert isinstance(heard, ToolAnswer)
    assert heard.is_successful


async def test_who_speaks_of_a_handshake_and_wants_none_has_an_answer_that_is_none() -> None:
    modern = Server(error(200, -32603, "the upstream is not initialized"))

    heard = await call(mcp(modern.wire))

    assert isinstance(heard, Failure)
    assert heard.outcome is Outcome.BAD_RESPONSE
    assert heard.detail == "the upstream is not initialized"


@pytest.mark.parametrize("of_handshake", [error(404, -32601), error(400, UNSUPPORTED)])
async def test_what_a_modern_server_says_of_our_arguments_is_ours_to_mend(
    of_handshake: httpx.Response,
) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        is_modern = "mcp-method" in request.headers
        return error(400, -32602, "Unknown tool: x") if is_modern else of_handshake

    provider = mcp(Wire(by=reply))
    tool = await call(provider)
    status = await provider.get_server_status(server(), gate=Gatekeeper())

    assert isinstance(tool, Failure)
    assert (tool.outcome, tool.detail) == (Outcome.PROBE_MISCONFIGURED, "Unknown tool: x")
    assert isinstance(status, ServerStatus)
    assert status.state is ConnectionState.ACTIVE


async def test_without_a_session_there_is_none_to_end() -> None:
    legacy = Server(told("{}"), is_legacy=True, session=None)

    assert isinstance(await call(mcp(legacy.wire)), ToolAnswer)
    assert "DELETE" not in legacy.methods


async def test_a_server_that_moves_to_another_era_is_followed() -> None:
    moving = Server(told("{}"), is_legacy=True)
    provider = mcp(moving.wire)

    heard = []
    for moving.is_legacy in (True, False, False, True, True):
        heard.append(await call(provider))

    assert all(isinstance(answer, ToolAnswer) for answer in heard)
    assert moving.methods.count("initialize") == 4


async def test_the_era_is_known_for_each_origin() -> None:
    legacy = Server(told("{}"), is_legacy=True)
    provider = mcp(legacy.wire)
    await call(provider)
    legacy.wire.requests.clear()

    await call(provider, server("https://mcp.example.com/other?key=1"))
    await call(provider, server("https://mcp.example.com:8443/mcp"))

    assert legacy.methods.count("initialize") == 2
    assert legacy.methods[0] == "initialize"
    assert legacy.methods[4] == "tools/call"


async def test_a_forgotten_session_is_begun_anew_once() -> None:
    legacy = Server(told("{}"), is_legacy=True, forgets=1)

    assert isinstance(await call(mcp(legacy.wire)), ToolAnswer)
    assert legacy.methods.count("initialize") == 2


async def test_a_session_forgotten_twice_is_a_failure_and_nobody_is_gone() -> None:
    legacy = Server(told("{}"), is_legacy=True, forgets=9)

    heard = await call(mcp(legacy.wire))

    assert isinstance(heard, Failure)
    assert heard.outcome is Outcome.BAD_RESPONSE
    assert legacy.methods.count("initialize") == 2


async def test_every_request_of_a_handshake_passes_the_gate() -> None:
    legacy = Server(told("{}"), is_legacy=True)
    gate = Gatekeeper()

    await call(mcp(legacy.wire), gate=gate)

    assert gate.passed == len(legacy.wire.requests) == 5


async def test_no_budget_in_the_middle_ends_the_talk() -> None:
    legacy = Server(told("{}"), is_legacy=True)

    with pytest.raises(NoBudget):
        await call(mcp(legacy.wire), gate=Gatekeeper(most=3))


async def test_no_budget_for_a_farewell_spoils_no_answer() -> None:
    legacy = Server(told("{}"), is_legacy=True)

    heard = await call(mcp(legacy.wire), gate=Gatekeeper(most=4))

    assert isinstance(heard, ToolAnswer)
