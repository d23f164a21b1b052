"""What is heard of a page for whose accounts there is too little budget, or time."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from integrations_health.outcomes import CheckTarget
from integrations_health.providers.base import ConnectionState, Failure, ServerStatus
from integrations_health.providers.composio import Composio
from tests.unit.asking import OPTIONS, Gatekeeper, Wire
from tests.unit.composio_accounts import Accounts, targets

pytestmark = pytest.mark.asyncio
CALL_SECONDS = 0.03
ALL = [f"ca_{number}" for number in range(100)]


class SlowWire(Wire):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(CALL_SECONDS)
        return await super().handle_async_request(request)


async def states(
    composio: Composio, asked: list[CheckTarget], *, most: int = 1_000
) -> dict[str, ConnectionState]:
    heard = await composio.list_server_statuses(asked, gate=Gatekeeper(most))
    found: dict[str, ServerStatus | Failure] = {
        one.server_instance_id: heard[one.integration_id]
        for one in asked
        if one.integration_id in heard
    }
    return {id: word.state for id, word in found.items() if isinstance(word, ServerStatus)}


async def test_what_is_gone_spoils_no_answer_about_the_others() -> None:
    accounts = Accounts(gone=ALL[:50])

    heard = await states(accounts.composio, targets(100), most=11)

    assert list(heard.values()).count(ConnectionState.ACTIVE) == 50
    assert list(heard.values()).count(ConnectionState.GONE) == 10


async def test_of_a_list_that_is_refused_for_all_a_part_is_heard_at_any_rate() -> None:
    accounts = Accounts(poison=ALL)

    heard = await states(accounts.composio, targets(100), most=9)

    assert heard == {"ca_0": ConnectionState.ACTIVE}


@pytest.mark.parametrize(
    ("accounts", "most"), [(Accounts(poison=ALL), 20), (Accounts(gone=ALL[1:]), 90)]
)
async def test_what_takes_too_long_waits_for_another_time(accounts: Accounts, most: int) -> None:
    wire = SlowWire(by=accounts.answer)
    deadline = timedelta(seconds=8 * CALL_SECONDS)
    composio = Composio(**{**OPTIONS, "deadline": deadline, "concurrency": 5}, transport=wire)

    heard = await states(composio, targets(100))

    assert heard["ca_0"] is ConnectionState.ACTIVE
    assert len(wire.requests) <= most
