"""Composio's list, as simulated: what hides, shortens, refuses or spoils it."""

import pytest

from integrations_health.providers.simulator import Simulator, crowd, running
from tests.contract.asking import LIST


def listed(composio, accounts, **query):
    ids = ",".join(account.id for account in accounts)
    return composio.get(LIST, params={"connected_account_ids": ids, "limit": 100, **query})


@pytest.fixture
def three(simulator: Simulator):
    return [simulator.connect("composio", "gmail", user_id=f"user-{n}") for n in range(3)]


def test_who_is_gone_is_neither_listed_nor_counted(composio, simulator, three):
    simulator.script(three[1], "gone*1, ok")

    first, second = listed(composio, three).json(), listed(composio, three).json()

    assert [first["total_items"], second["total_items"]] == [2, 3]


def test_a_short_page_counts_more_than_it_shows(composio, simulator, three):
    simulator.script(three[1], "short_page")

    page = listed(composio, three).json()

    assert (len(page["items"]), page["total_items"]) == (2, 3)


def test_any_page_can_be_short(composio, simulator, three):
    simulator.answers("composio", "short_page")

    page = composio.get(LIST).json()

    assert (len(page["items"]), page["total_items"], page["next_cursor"]) == (2, 3, None)


def test_one_poisonous_id_refuses_the_batch_and_leaves_the_others(composio, simulator, three):
    simulator.script(three[1], "refused_batch")

    assert listed(composio, three).status_code == 400
    assert listed(composio, [three[0], three[2]]).json()["total_items"] == 2
    assert composio.get(LIST).json()["total_items"] == 3


def test_a_status_read_can_fail_while_the_tool_works(composio, simulator, three):
    simulator.script(three[0], "500*2, ok", on="status")

    statuses = [listed(composio, three).status_code for _ in range(3)]

    assert statuses == [500, 500, 200]


def test_scripted_statuses_are_what_the_filter_sees(composio, simulator, three):
    simulator.script(three[2], "expired")

    page = composio.get(LIST, params={"statuses": "EXPIRED,FAILED"}).json()

    assert [item["id"] for item in page["items"]] == [three[2].id]


def test_the_newest_change_comes_first_when_asked_for(composio, simulator, three):
    composio.patch(f"{LIST}/{three[0].id}/status", json={"enabled": False})

    page = composio.get(LIST, params={"order_by": "updated_at"}).json()

    assert page["items"][0]["id"] == three[0].id


def test_a_crowd_is_listed_without_being_kept(composio, simulator):
    with running(crowd=250_000) as many:
        composio.base_url = many.base_url
        young = many.connect("composio", "slack")
        first = composio.get(LIST, params={"limit": 3}).json()
        last = composio.get(LIST, params={"limit": 1, "order_direction": "asc"}).json()
        next_page = composio.get(LIST, params={"limit": 3, "cursor": first["next_cursor"]}).json()
        kept = many.population.kept("composio")

    newest = [crowd.account_id("composio", 249_999 - n) for n in range(5)]
    assert [item["id"] for item in first["items"]] == [young.id, *newest[:2]]
    assert [item["id"] for item in next_page["items"]] == newest[2:5]
    assert last["items"][0]["id"] == crowd.account_id("composio", 0)
    assert first["total_items"] == 250_001
    assert kept == [young]


def test_one_of_a_crowd_can_be_scripted_and_deleted(composio, simulator):
    with running(crowd=10) as many:
        composio.base_url = many.base_url
        ids = [crowd.account_id("composio", n) for n in range(10)]
        many.script(ids[4], "expired")
        composio.delete(f"{LIST}/{ids[7]}")
        page = composio.get(LIST, params={"limit": 100}).json()

    assert [item["id"] for item in page["items"]] == [i for i in ids[::-1] if i != ids[7]]
    assert page["total_items"] == 9
    assert {item["id"] for item in page["items"] if item["status"] == "EXPIRED"} == {ids[4]}
