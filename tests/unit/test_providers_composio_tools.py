"""A tool call at Composio: what is asked, and whose fault a refusal is."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Failure, ToolAnswer
from integrations_health.providers.composio import Composio
from tests.unit.asking import OPTIONS, Answer, Gatekeeper, Wire, said
from tests.unit.composio_shapes import error
from tests.unit.targets import target

pytestmark = pytest.mark.asyncio
REQUEST = UUID("22222222-2222-4222-8222-222222222222")
TARGET = target(provider_user_id="user-1")


def composio(*answers: Answer, **options: Any) -> tuple[Composio, Wire]:
    wire = Wire(*answers)
    return Composio(**OPTIONS, transport=wire, **options), wire


async def run(provider: Composio, **changes: Any) -> ToolAnswer | Failure:
    return await provider.call_tool(
        target(**{"provider_user_id": "user-1", **changes}),
        tool="GMAIL_GET_PROFILE",
        arguments={"user_id": "me"},
        request_id=REQUEST,
        gate=Gatekeeper(),
    )


async def test_a_tool_is_run_for_account_and_user_both() -> None:
    provider, wire = composio(said({"data": {}, "error": None, "successful": True}))

    await run(provider)

    (request,) = wire.requests
    assert wire.paths == ["POST /api/v3.1/tools/execute/GMAIL_GET_PROFILE"]
    assert request.headers["x-request-id"] == str(REQUEST)
    assert json.loads(request.content) == {
        "connected_account_id": "ca_1",
        "user_id": "user-1",
        "arguments": {"user_id": "me"},
    }


async def test_a_toolkit_may_be_pinned_to_a_version() -> None:
    good = said({"data": {}, "error": None, "successful": True})
    provider, wire = composio(good, versions={"gmail": "20260915_00", "slack": "1"})

    await run(provider)

    assert json.loads(wire.requests[0].content)["version"] == "20260915_00"


@pytest.mark.parametrize(
    ("body", "is_successful", "error", "status"),
    [
        ({"data": {"a": 1}, "error": None, "successful": True}, True, "", None),
        # Trust `successful` before a status that is none.
        ({"data": {"status_code": 20000}, "error": None, "successful": True}, True, "", None),
        (
            {"data": {"status_code": 401}, "error": "401 Client Error", "successful": False},
            False,
            "401 Client Error",
            401,
        ),
        ({"data": {"message": "token_revoked"}, "successful": False}, False, "token_revoked", None),
        # Its own success is none of the service's.
        (
            {"data": {"message": "gone", "status_code": 401}, "error": None, "successful": True},
            False,
            "gone",
            401,
        ),
        ({"data": {"error": "invalid_grant"}, "successful": True}, False, "invalid_grant", None),
        ({"data": {"error": None}, "successful": True}, True, "", None),
        ({"data": {"error": "", "emailAddress": "a@b.c"}, "successful": True}, True, "", None),
        ({"data": None, "error": {"a": 1}, "successful": False}, False, "", None),
    ],
)
async def test_a_tools_answer_says_whether_it_worked(
    body: Any, is_successful: bool, error: str, status: int | None
) -> None:
    provider, _ = composio(said(body))

    answer = await run(provider)

    assert isinstance(answer, ToolAnswer)
    assert (answer.is_successful, answer.error, answer.upstream_status) == (
        is_successful,
        error,
        status,
    )
    assert answer.data == body["data"]
    assert answer.call.name == "GMAIL_GET_PROFILE"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (error(401, 801, "APIKey_InvalidAPIKey"), Outcome.KEY_REJECTED),
        (error(403, message="The key may not execute tools"), Outcome.KEY_REJECTED),
        (error(403, message="insufficient_scope"), Outcome.PERMISSION),
        (error(400, 1810), Outcome.DISCONNECTED),
        (error(404, 0, "ActionExecute_ConnectedAccountNotFound"), Outcome.DISCONNECTED),
        (error(400, 1803), Outcome.DISCONNECTED),
        (error(422, 0, "X_ConnectedAccountNotFound"), Outcome.DISCONNECTED),
        (error(422, message="Connected account is in state EXPIRED"), Outcome.AUTH_EXPIRED),
        (error(400, message="invalid_grant"), Outcome.AUTH_EXPIRED),
        (error(404, 2401, "Tool_ToolNotFound", "Tool not found"), Outcome.PROBE_MISCONFIGURED),
        (error(410, message="removed"), Outcome.PROBE_MISCONFIGURED),
        (error(400, 10400), Outcome.PROBE_MISCONFIGURED),
        (error(422, 10400), Outcome.PROBE_MISCONFIGURED),
        (
            error(400, 0, "ActionExecute_ConnectedAccountEntityIdRequired"),
            Outcome.PROBE_MISCONFIGURED,
        ),
        (error(413, message="too large"), Outcome.PROBE_MISCONFIGURED),
        (error(408, message="execution timed out"), Outcome.SERVER_ERROR),
        (error(502), Outcome.SERVER_ERROR),
        (httpx.Response(404, content=b"nginx"), Outcome.BAD_RESPONSE),
        (error(404, 10404, "HTTP_NotFound", "Cannot POST /x"), Outcome.BAD_RESPONSE),
        (said({"data": {}, "error": None}), Outcome.BAD_RESPONSE),
        (said({"successful": "yes"}), Outcome.BAD_RESPONSE),
        (said({"message": "Rate limit exceeded. Limit: 1"}, status=429), Outcome.RATE_LIMITED),
    ],
)
async def test_a_refused_tool_call_is_somebodys_fault(
    answer: httpx.Response, outcome: Outcome
) -> None:
    provider, _ = composio(answer)

    heard = await run(provider)

    assert isinstance(heard, Failure)
    assert heard.outcome is outcome


async def test_a_tool_is_not_run_where_it_would_only_be_refused() -> None:
    provider, wire = composio(error(500))

    without_user = await run(provider, provider_user_id="")
    without_tool = await provider.call_tool(
        TARGET, tool="../x", arguments={}, request_id=REQUEST, gate=Gatekeeper()
    )

    for heard in (without_user, without_tool):
        assert isinstance(heard, Failure)
        assert heard.outcome is Outcome.PROBE_MISCONFIGURED
    assert wire.requests == []
