"""Many accounts at once: pages, gaps, refusals, and what a single odd account may spoil."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid5

import httpx
import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers import bodies
from integrations_health.providers.base import (
    ConnectionState,
    Failure,
    NoBudget,
    ServerStatus,
)
from integrations_health.providers.composio import Composio
from tests.unit.asking import OPTIONS, Gatekeeper, Wire, asked_for, said
from tests.unit.composio_accounts import Accounts, targets
from tests.unit.composio_shapes import account, page
from tests.unit.targets import INTEGRATION, target

pytestmark = pytest.mark.asyncio
Ids = Sequence[str]


def states(heard: dict[str, ServerStatus | Failure]) -> set[Any]:
    return {each.outcome if isinstance(each, Failure) else each.state for each in heard.values()}


async def test_a_hundred_accounts_are_one_request() -> None:
    accounts = Accounts()

    heard = await accounts.read(250)

    assert states(heard) == {ConnectionState.ACTIVE}
    assert sorted(accounts.sizes) == [50, 100, 100]
    assert {request.url.params["limit"] for request in accounts.wire.requests} == {"100"}


async def test_a_page_of_many_says_nothing_of_anybodys_latency() -> None:
    heard = await Accounts().read(3)

    assert {each.call.latency_ms for each in heard.values()} == {None}


async def test_two_integrations_on_one_account_are_asked_about_once() -> None:
    accounts = Accounts()
    twins = [target(integration_id=uuid5(INTEGRATION, name)) for name in "ab"]

    heard = await accounts.composio.list_server_statuses(twins, gate=Gatekeeper())

    assert set(heard) == {twin.integration_id for twin in twins}
    assert accounts.sizes == [1]


@pytest.mark.parametrize("is_listed", [True, False])
async def test_of_two_users_of_one_account_only_its_owner_is_told(is_listed: bool) -> None:
    accounts = Accounts(hidden=() if is_listed else ["ca_1"])
    users = {"user-1": ConnectionState.ACTIVE, "user-2": ConnectionState.GONE, "": None}
    asked = [
        target(integration_id=uuid5(INTEGRATION, user), provider_user_id=user) for user in users
    ]

    heard = await accounts.composio.list_server_statuses(asked, gate=Gatekeeper())

    # Nobody's id is compared with none: whoever registered it answers for it.
    assert [getattr(heard[each.integration_id], "state", None) for each in asked] == [
        state or ConnectionState.ACTIVE for state in users.values()
    ]
    assert accounts.sizes == [1]


@pytest.mark.parametrize(
    "fields",
    [{"experimental": {"account_type": "SHARED"}}, {"user_id": None}, {"user_id": 7}],
    ids=["shared", "no owner", "no text"],
)
async def test_an_account_that_is_shared_or_does_not_say_whose_it_is_is_told(
    fields: dict[str, Any],
) -> None:
    accounts = Accounts(paged=lambda items: page([{**each, **fields} for each in items]))
    other = target(provider_user_id="user-2")

    heard = await accounts.composio.list_server_statuses([other], gate=Gatekeeper())

    assert getattr(heard[other.integration_id], "state", None) is ConnectionState.ACTIVE


async def test_nobody_is_nothing_to_ask() -> None:
    accounts = Accounts()

    assert await accounts.read(0) == {}
    assert accounts.wire.requests == []


async def test_an_account_that_a_complete_page_lacks_is_read_on_its_own() -> None:
    accounts = Accounts(hidden=["ca_1"], gone=["ca_2"])

    heard = await accounts.read(4)

    assert [getattr(heard[f"ca_{n}"], "state", None) for n in range(4)] == [
        ConnectionState.ACTIVE,
        ConnectionState.ACTIVE,
        ConnectionState.GONE,
        ConnectionState.ACTIVE,
    ]
    assert len(accounts.wire.requests) == 3


@pytest.mark.parametrize("total", [4, 4_000])
async def test_a_short_page_makes_nobody_gone(total: int) -> None:
    accounts = Accounts(gone=["ca_2"], paged=lambda items: page(items, total=total))

    heard = await accounts.read(4)

    failure = heard.pop("ca_2")
    assert isinstance(failure, Failure)
    assert failure.outcome is Outcome.BAD_RESPONSE
    assert states(heard) == {ConnectionState.ACTIVE}
    assert len(accounts.wire.requests) == 1


@pytest.mark.parametrize("total", ["4", None, True, -1.5])
async def test_a_page_that_does_not_tell_how_many_there_are_may_be_short(total: Any) -> None:
    def paged(items: list[Any]) -> httpx.Response:
        return said({"items": items, "total_items": total, "next_cursor": None})

    accounts = Accounts(gone=["ca_2"], paged=paged)

    heard = await accounts.read(4)

    assert states(heard) == {ConnectionState.ACTIVE, Outcome.BAD_RESPONSE}


async def test_a_page_that_was_cut_in_two_is_read_to_its_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        ids = asked_for(request, "connected_account_ids")
        if request.url.params.get("cursor") == "2":
            return page([account(id=id) for id in ids[2:]], total=4)
        return page([account(id=id) for id in ids[:2]], total=4, cursor="2")

    wire = Wire(by=answer)
    composio = Composio(**OPTIONS, transport=wire)

    heard = await composio.list_server_statuses(targets(4), gate=Gatekeeper())

    assert {getattr(each, "state", each) for each in heard.values()} == {ConnectionState.ACTIVE}
    assert len(wire.requests) == 2


@pytest.mark.parametrize("refusal", [400, 404, 413, 414, 422, 431])
async def test_a_refused_list_is_halved_until_the_culprit_stands_alone(refusal: int) -> None:
    accounts = Accounts(poison=["ca_37"], refusal=refusal)

    heard = await accounts.read(100)

    assert states(heard) == {ConnectionState.ACTIVE}
    assert accounts.wire.paths.count("GET /api/v3.1/connected_accounts/ca_37") == 1
    assert len(accounts.wire.requests) <= 2 * 8 + 1


async def test_a_list_that_is_too_large_is_halved() -> None:
    def paged(items: list[Any]) -> httpx.Response:
        if len(items) > 20:
            return httpx.Response(200, content=b" " * (bodies.MOST_OF_A_LIST + 1))
        return page(items)

    accounts = Accounts(paged=paged)

    heard = await accounts.read(60)

    assert states(heard) == {ConnectionState.ACTIVE}
    assert sorted(accounts.sizes, reverse=True) == [60, 30, 30, 15, 15, 15, 15]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said({"error": {"message": "Invalid API key", "code": 801}}, status=401), "key_rejected"),
        (said({"message": "Rate limit exceeded."}, status=429), "rate_limited"),
        (said({"error": {"message": "oops"}}, status=500), "server_error"),
        (said({"message": "Not Found"}, status=404), "bad_response"),
        (said({"items": "none"}), "bad_response"),
        (said([]), "bad_response"),
        (httpx.Response(200, content=b"<html>"), "bad_response"),
    ],
)
async def test_a_list_that_fails_for_all_is_asked_for_once(
    answer: httpx.Response, outcome: str
) -> None:
    accounts = Accounts(paged=lambda items: answer)

    heard = await accounts.read(10)

    assert states(heard) == {outcome}
    assert len(accounts.wire.requests) == 1


@pytest.mark.parametrize(
    "odd",
    [
        account(id="ca_1", status=None),
        account(id="ca_1", status=["ACTIVE"]),
        account(id="ca_1", status={}),
    ],
)
async def test_an_account_without_a_status_spoils_only_itself(odd: Any) -> None:
    def paged(items: list[Any]) -> httpx.Response:
        return page([odd if each["id"] == "ca_1" else each for each in items])

    heard = await Accounts(paged=paged).read(3)

    assert states({"ca_1": heard.pop("ca_1")}) == {Outcome.BAD_RESPONSE}
    assert states(heard) == {ConnectionState.ACTIVE}


@pytest.mark.parametrize("odd", [None, 7, "ca_1", [], {}, {"id": 7}, {"id": ["ca_1"]}])
async def test_an_account_without_an_id_is_read_on_its_own(odd: Any) -> None:
    def paged(items: list[Any]) -> httpx.Response:
        return page([odd if each["id"] == "ca_1" else each for each in items])

    accounts = Accounts(paged=paged)

    heard = await accounts.read(3)

    assert states(heard) == {ConnectionState.ACTIVE}
    assert accounts.wire.paths[-1] == "GET /api/v3.1/connected_accounts/ca_1"


async def test_strangers_in_a_page_are_overlooked() -> None:
    def paged(items: list[Any]) -> httpx.Response:
        return page([account("EXPIRED", id="ca_stranger"), *items])

    heard = await Accounts(paged=paged).read(2)

    assert states(heard) == {ConnectionState.ACTIVE}


async def test_without_budget_for_one_page_there_is_no_answer_at_all() -> None:
    with pytest.raises(NoBudget):
        await Accounts().composio.list_server_statuses(targets(250), gate=Gatekeeper(most=2))
