"""Whose a connection is, by the provider's word."""

from typing import Any

import httpx
import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Account, ConnectionState, Failure
from integrations_health.providers.composio import Composio
from integrations_health.providers.klavis import Klavis
from integrations_health.providers.mcp import Mcp
from tests.unit.asking import OPTIONS, Gatekeeper, Wire, said
from tests.unit.composio_shapes import account
from tests.unit.targets import target

pytestmark = pytest.mark.asyncio
INSTANCE = "0b0a3a3e-0000-4000-8000-000000000001"


async def of_composio(answer: httpx.Response, **fields: Any) -> Account | Failure:
    composio = Composio(**OPTIONS, transport=Wire(answer))
    return await composio.identify(target(**fields), gate=Gatekeeper())


async def of_klavis(**answer: Any) -> Account | Failure:
    usual = {
        "instanceId": INSTANCE,
        "authNeeded": True,
        "isAuthenticated": True,
        "serverName": "Google Calendar",
        "externalUserId": "user-1",
    }
    klavis = Klavis(**OPTIONS, transport=Wire(said({**usual, **answer})))
    of = target(provider="klavis", server_instance_id=INSTANCE)
    return await klavis.identify(of, gate=Gatekeeper())


async def test_an_account_is_read_with_its_user_service_and_configuration() -> None:
    found = await of_composio(said(account(status="INITIATED", auth_config={"id": "ac_7"})))

    assert isinstance(found, Account)
    assert found.state is ConnectionState.PENDING
    assert found.connection.auth_config_id == "ac_7"
    assert found.connection.service == "gmail"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said({"error": {"message": "not found", "code": 1810}}, status=404), "disconnected"),
        (said(account(id="ca_another")), "bad_response"),
        (said(account(user_id=None)), "bad_response"),
        (said(account(toolkit=None)), "bad_response"),
        (said([]), "bad_response"),
        (said({"error": {"message": "Invalid API key"}}, status=401), "key_rejected"),
    ],
)
async def test_an_account_that_is_nobodys_is_a_failure(
    answer: httpx.Response, outcome: str
) -> None:
    found = await of_composio(answer)

    assert isinstance(found, Failure)
    assert found.outcome == outcome


@pytest.mark.parametrize("id", ["", "../x", "a,b", "x" * 101])
async def test_what_is_no_id_is_never_sent(id: str) -> None:
    wire = Wire(said({}))

    found = await Composio(**OPTIONS, transport=wire).identify(
        target(server_instance_id=id), gate=Gatekeeper()
    )

    assert isinstance(found, Failure)
    assert found.outcome is Outcome.PROBE_MISCONFIGURED
    assert wire.requests == []


async def test_an_instance_is_read_with_its_user_and_service() -> None:
    found = await of_klavis()

    assert isinstance(found, Account)
    assert found.state is ConnectionState.ACTIVE
    assert (found.connection.provider_user_id, found.connection.service) == ("user-1", "calendar")


async def test_an_answer_about_another_instance_is_a_failure() -> None:
    assert isinstance(await of_klavis(instanceId="another"), Failure)


async def test_a_plain_server_knows_nobody() -> None:
    plain = Mcp(**OPTIONS, transport=Wire(said({})))

    found = await plain.identify(target(provider="mcp"), gate=Gatekeeper())

    assert isinstance(found, Failure)
