"""One account, one tool call, one link at Composio: what is asked, and what the answers mean."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import (
    ConnectionState,
    Failure,
    ReauthLink,
    ServerStatus,
    ToolAnswer,
)
from integrations_health.providers.composio import Composio
from tests.unit.asking import OPTIONS, Answer, Gatekeeper, Wire, said
from tests.unit.composio_shapes import SECRET, account, error
from tests.unit.targets import target

pytestmark = pytest.mark.asyncio
REQUEST = UUID("22222222-2222-4222-8222-222222222222")
TARGET = target(provider_user_id="user-1", auth_config_id="ac_1")
LINK = {
    "link_token": "lk_1",
    "redirect_url": "https://connect.composio.dev/link/lk_1",
    "expires_at": "2026-11-23T10:10:00Z",
    "connected_account_id": "ca_2",
}


def composio(*answers: Answer, **options: Any) -> tuple[Composio, Wire]:
    wire = Wire(*answers)
    return Composio(**OPTIONS, transport=wire, **options), wire


async def status_of(answer: Answer) -> ServerStatus | Failure:
    provider, _ = composio(answer)
    return await provider.get_server_status(TARGET, gate=Gatekeeper())


async def run(provider: Composio, **changes: Any) -> ToolAnswer | Failure:
    return await provider.call_tool(
        target(**{"provider_user_id": "user-1", **changes}),
        tool="GMAIL_GET_PROFILE",
        arguments={"user_id": "me"},
        request_id=REQUEST,
        gate=Gatekeeper(),
    )


async def test_one_account_is_read_with_our_key() -> None:
    provider, wire = composio(said(account()))

    await provider.get_server_status(TARGET, gate=Gatekeeper())

    (request,) = wire.requests
    assert (request.method, str(request.url)) == (
        "GET",
        "https://api.example.com/api/v3.1/connected_accounts/ca_1",
    )
    assert request.headers["x-api-key"] == "key-1"
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (account("ACTIVE"), ConnectionState.ACTIVE),
        (account("active"), ConnectionState.ACTIVE),
        (account(" ACTIVE "), ConnectionState.ACTIVE),
        (account("INITIALIZING"), ConnectionState.PENDING),
        (account("INITIATED"), ConnectionState.PENDING),
        (account("EXPIRED"), ConnectionState.EXPIRED),
        (account("FAILED"), ConnectionState.EXPIRED),
        (account("REVOKED"), ConnectionState.EXPIRED),
        (account("INACTIVE"), ConnectionState.DISABLED),
        (account("SOMETHING_NEW"), ConnectionState.UNKNOWN),
        (account(""), ConnectionState.UNKNOWN),
        (account(is_disabled=True), ConnectionState.DISABLED),
        (account("EXPIRED", is_disabled=True), ConnectionState.DISABLED),
        (account(auth_config={"is_disabled": True}), ConnectionState.MISCONFIGURED),
        (account("INACTIVE", auth_config={"is_disabled": True}), ConnectionState.MISCONFIGURED),
        (account(auth_config=None, is_disabled=None), ConnectionState.ACTIVE),
    ],
)
async def test_a_status_word_means_a_state(item: Any, state: ConnectionState) -> None:
    status = await status_of(said(item))

    assert isinstance(status, ServerStatus)
    assert (status.state, status.said) == (state, item["status"])
    assert status.call.latency_ms is not None


async def test_the_reason_is_kept_and_an_abandoned_connect_is_known_by_it() -> None:
    reason = "Connection initiation did not complete within 10 minutes"

    status = await status_of(said(account("EXPIRED", status_reason=reason)))

    assert isinstance(status, ServerStatus)
    assert status.reason == reason
    assert status.state is ConnectionState.ABANDONED


async def test_nothing_of_the_credentials_is_kept() -> None:
    status = await status_of(said(account()))

    assert isinstance(status, ServerStatus)
    assert SECRET not in "".join([status.said, status.reason, str(status.call), repr(status)])


@pytest.mark.parametrize(
    "answer",
    [
        error(404, 1810, "ActionExecute_ConnectedAccountNotFound"),
        error(404, 10404, "HTTP_NotFound", "Connected account not found"),
        error(400, 1803, message="No connected account found"),
        error(410, message="deleted"),
        error(404, 10404, message="Not Found"),
        said({"error": {"message": "gone", "error_code": 1810}}, status=400),
        said({"error": {"message": "gone", "name": "X_ConnectedAccountNotFound"}}, status=400),
        said({"message": "Connected account was deleted"}, status=404),
    ],
)
async def test_a_missing_account_is_gone(answer: httpx.Response) -> None:
    status = await status_of(answer)

    assert isinstance(status, ServerStatus)
    assert status.state is ConnectionState.GONE


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (error(401, 801, "APIKey_InvalidAPIKey"), Outcome.KEY_REJECTED),
        (httpx.Response(401, content=b"who are you"), Outcome.KEY_REJECTED),
        (error(402, message="plan"), Outcome.KEY_REJECTED),
        (error(403, message="Forbidden"), Outcome.KEY_REJECTED),
        (error(400, 10400), Outcome.PROBE_MISCONFIGURED),
        (httpx.Response(403, content=b"<html>firewall</html>"), Outcome.BAD_RESPONSE),
        # Nobody is gone because our address is wrong or a proxy answers for Composio.
        (httpx.Response(404, content=b"<html>not here</html>"), Outcome.BAD_RESPONSE),
        (said([], status=404), Outcome.BAD_RESPONSE),
        (said({}, status=404), Outcome.BAD_RESPONSE),
        (error(404, 10404, "HTTP_NotFound", "Cannot GET /x"), Outcome.BAD_RESPONSE),
        (said({"message": "Cannot GET /x"}, status=404), Outcome.BAD_RESPONSE),
        (said({"message": "Not Found"}, status=404), Outcome.BAD_RESPONSE),
        (said({"status": 404, "error": "Not Found"}, status=404), Outcome.BAD_RESPONSE),
        (said({"message": "Rate limit exceeded."}, status=429), Outcome.RATE_LIMITED),
        (error(500), Outcome.SERVER_ERROR),
        (said(account(id="ca_9")), Outcome.BAD_RESPONSE),
        (said(account(None)), Outcome.BAD_RESPONSE),
        (said(account(7)), Outcome.BAD_RESPONSE),
        (said([account()]), Outcome.BAD_RESPONSE),
        (said("ACTIVE"), Outcome.BAD_RESPONSE),
        (httpx.Response(200, content=b""), Outcome.BAD_RESPONSE),
    ],
)
async def test_an_answer_that_says_nothing_of_the_account_is_a_failure(
    answer: httpx.Response, outcome: Outcome
) -> None:
    status = await status_of(answer)

    assert isinstance(status, Failure)
    assert status.outcome is outcome


@pytest.mark.parametrize("id", ["", "..", "ca_1/refresh", "ca_1?x=1", "a,b", "ca\n1", "x" * 101])
async def test_what_is_no_id_is_never_sent(id: str) -> None:
    provider, wire = composio(said(account()))
    odd = target(server_instance_id=id, provider_user_id="user-1")

    heard = [
        await provider.get_server_status(odd, gate=Gatekeeper()),
        (await provider.list_server_statuses([odd], gate=Gatekeeper()))[odd.integration_id],
        await run(provider, server_instance_id=id),
        await provider.start_reauth(odd, callback_url="https://us.example.com", gate=Gatekeeper()),
    ]

    assert [answer.outcome for answer in heard if isinstance(answer, Failure)] == [
        Outcome.PROBE_MISCONFIGURED
    ] * 4
    assert wire.requests == []


async def test_a_link_is_made_and_leads_to_a_new_account() -> None:
    provider, wire = composio(said(LINK, status=201))

    link = await provider.start_reauth(
        TARGET, callback_url="https://us.example.com/back", gate=Gatekeeper()
    )

    assert link == ReauthLink(
        url="https://connect.composio.dev/link/lk_1",
        expires_at=datetime(2026, 11, 23, 10, 10, tzinfo=UTC),
        server_instance_id="ca_2",
    )
    assert wire.paths == ["POST /api/v3.1/connected_accounts/link"]
    assert json.loads(wire.requests[0].content) == {
        "auth_config_id": "ac_1",
        "user_id": "user-1",
        "callback_url": "https://us.example.com/back",
    }


async def test_the_auth_config_is_read_where_we_do_not_know_it() -> None:
    provider, wire = composio(said(account(auth_config={"id": "ac_7"})), said(LINK, status=201))

    link = await provider.start_reauth(
        target(provider_user_id="user-1"), callback_url="https://us.example.com", gate=Gatekeeper()
    )

    assert isinstance(link, ReauthLink)
    assert json.loads(wire.requests[1].content)["auth_config_id"] == "ac_7"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**LINK, "redirect_url": "javascript:alert(1)"}, 201),
        ({**LINK, "redirect_url": None}, 201),
        ([], 201),
        ({"error": {"message": "no such auth config"}}, 404),
    ],
)
async def test_no_link_is_a_failure(body: Any, status: int) -> None:
    provider, _ = composio(said(body, status=status))

    link = await provider.start_reauth(TARGET, callback_url="", gate=Gatekeeper())

    assert isinstance(link, Failure)


async def test_an_odd_end_of_life_or_id_does_not_spoil_a_link() -> None:
    odd = {**LINK, "expires_at": "soon", "connected_account_id": "../x"}
    provider, _ = composio(said(odd, status=201))

    link = await provider.start_reauth(TARGET, callback_url="", gate=Gatekeeper())

    assert link == ReauthLink(url=LINK["redirect_url"])
