"""What Klavis is asked, and what its answers mean, hidden failures first of all."""

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
)
from integrations_health.providers.klavis import Klavis
from tests.unit.asking import OPTIONS, Answer, Gatekeeper, Wire, said
from tests.unit.targets import target

pytestmark = pytest.mark.asyncio
ID = "0b0a3a3e-0000-4000-8000-000000000001"
SERVER_URL = f"https://gmail-mcp-server.klavis.ai/mcp/?instance_id={ID}"
TARGET = target(provider="klavis", server_instance_id=ID, server_url=SERVER_URL)
CALLBACK = "https://us.example.com/back?a=1"


def klavis(*answers: Answer) -> tuple[Klavis, Wire]:
    wire = Wire(*answers)
    return Klavis(**OPTIONS, transport=wire), wire


def instance(**fields: Any) -> httpx.Response:
    return said({"instanceId": ID, "authNeeded": True, "isAuthenticated": True, **fields})


async def status_of(answer: Answer) -> ServerStatus | Failure:
    provider, _ = klavis(answer)
    return await provider.get_server_status(TARGET, gate=Gatekeeper())


async def test_an_instance_is_read_with_our_key() -> None:
    provider, wire = klavis(instance())

    await provider.get_server_status(TARGET, gate=Gatekeeper())

    assert wire.paths == [f"GET /mcp-server/instance/{ID}"]
    assert wire.requests[0].headers["authorization"] == "Bearer key-1"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, ConnectionState.ACTIVE),
        ({"authNeeded": False, "isAuthenticated": False}, ConnectionState.ACTIVE),
        ({"authNeeded": True, "isAuthenticated": False}, ConnectionState.PENDING),
        ({"authNeeded": None, "isAuthenticated": True}, ConnectionState.ACTIVE),
        ({"authNeeded": None, "isAuthenticated": False}, ConnectionState.UNKNOWN),
    ],
)
async def test_authenticated_means_only_that_credentials_are_there(
    fields: dict[str, Any], state: ConnectionState
) -> None:
    status = await status_of(instance(**fields))

    assert isinstance(status, ServerStatus)
    assert status.state is state


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (said({"detail": "Server instance not found"}, status=404), ConnectionState.GONE),
        (said({"detail": "Not Found"}, status=404), Outcome.BAD_RESPONSE),
        (httpx.Response(404, content=b"nginx"), Outcome.BAD_RESPONSE),
        (said({"detail": "Invalid API key"}, status=401), Outcome.KEY_REJECTED),
        (httpx.Response(403, content=b"<html>"), Outcome.KEY_REJECTED),
        (
            said({"detail": [{"loc": ["path"], "msg": "no uuid"}]}, status=422),
            Outcome.PROBE_MISCONFIGURED,
        ),
        (said({"detail": "Rate limit exceeded"}, status=429), Outcome.RATE_LIMITED),
        (httpx.Response(502, content=b"<html>"), Outcome.SERVER_ERROR),
        (instance(isAuthenticated="yes"), Outcome.BAD_RESPONSE),
        (said({}), Outcome.BAD_RESPONSE),
        (said([]), Outcome.BAD_RESPONSE),
        (httpx.Response(200, content=b""), Outcome.BAD_RESPONSE),
    ],
)
async def test_other_answers_about_an_instance(answer: httpx.Response, expected: Any) -> None:
    status = await status_of(answer)

    assert (status.outcome if isinstance(status, Failure) else status.state) == expected


@pytest.mark.parametrize(
    ("user", "state"),
    [("ann", ConnectionState.ACTIVE), ("bob", ConnectionState.GONE), ("", ConnectionState.ACTIVE)],
)
async def test_only_its_owner_is_told_of_an_instance(user: str, state: ConnectionState) -> None:
    provider, _ = klavis(instance(externalUserId="ann"))
    asked = target(provider="klavis", server_instance_id=ID, provider_user_id=user)

    heard = await provider.get_server_status(asked, gate=Gatekeeper())

    assert getattr(heard, "state", None) is state


async def test_nobody_connects_an_account_of_theirs_to_somebody_elses_instance() -> None:
    url = "https://api.klavis.ai/oauth/gmail/authorize?instance_id=1"
    provider, _ = klavis(instance(externalUserId="ann", oauthUrl=url))
    asked = target(provider="klavis", server_instance_id=ID, provider_user_id="bob")

    link = await provider.start_reauth(asked, callback_url=CALLBACK, gate=Gatekeeper())

    assert isinstance(link, Failure)
    assert link.outcome is Outcome.DISCONNECTED


async def test_many_instances_are_read_one_by_one() -> None:
    provider, wire = klavis(instance())
    others = [UUID(int=n) for n in range(3)]
    targets = [target(integration_id=other, server_instance_id=str(other)) for other in others]

    heard = await provider.list_server_statuses(targets, gate=Gatekeeper())

    assert list(heard) == others
    assert sorted(wire.paths) == [f"GET /mcp-server/instance/{other}" for other in others]


async def test_what_would_only_be_refused_is_not_sent() -> None:
    provider, wire = klavis(instance())
    odd = target(provider="klavis", server_instance_id="../x", server_url="")

    heard = [
        await provider.get_server_status(odd, gate=Gatekeeper()),
        await provider.start_reauth(odd, callback_url=CALLBACK, gate=Gatekeeper()),
        await provider.call_tool(
            odd, tool="x", arguments={}, request_id=UUID(ID), gate=Gatekeeper()
        ),
    ]

    outcomes = {answer.outcome for answer in heard if isinstance(answer, Failure)}
    assert outcomes == {Outcome.PROBE_MISCONFIGURED}
    assert wire.requests == []


@pytest.mark.parametrize(
    ("oauth_url", "url"),
    [
        (
            "https://api.klavis.ai/oauth/gmail/authorize?instance_id=1",
            "https://api.klavis.ai/oauth/gmail/authorize?instance_id=1"
            "&redirect_url=https%3A%2F%2Fus.example.com%2Fback%3Fa%3D1",
        ),
        (
            "https://api.klavis.ai/oauth/x/authorize?redirect_url=https%3A%2F%2Fthem.example.com",
            "https://api.klavis.ai/oauth/x/authorize?redirect_url=https%3A%2F%2Fthem.example.com",
        ),
    ],
)
async def test_the_user_signs_in_where_klavis_says_and_comes_back_to_us(
    oauth_url: str, url: str
) -> None:
    provider, _ = klavis(instance(oauthUrl=oauth_url))

    link = await provider.start_reauth(TARGET, callback_url=CALLBACK, gate=Gatekeeper())

    assert link == ReauthLink(url=url, server_instance_id=ID)


@pytest.mark.parametrize(
    "answer",
    [
        instance(oauthUrl=None),
        instance(oauthUrl="javascript:alert(1)"),
        instance(oauthUrl="https://[no-address"),
        said({"detail": "gone"}, status=404),
    ],
)
async def test_no_address_for_signing_in_is_a_failure(answer: httpx.Response) -> None:
    provider, _ = klavis(answer)

    link = await provider.start_reauth(TARGET, callback_url=CALLBACK, gate=Gatekeeper())

    assert isinstance(link, Failure)
