"""GET /api/incidents: open ones first, then the newest, in numbers that are nobody's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from integrations_health.models import ProviderIncident
from integrations_health.public_status import LEAST_USERS
from tests import factories
from tests.callers import as_back_end, as_staff, as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
PATH = "/api/incidents"
NOW = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def incident(age: int, *, is_open: bool = False, **fields: Any) -> str:
    """Make an incident that began so many hours ago, and return its id."""
    opened_at = NOW - age * HOUR
    closed_at = None if is_open else opened_at + HOUR
    return str(factories.incident(opened_at=opened_at, closed_at=closed_at, **fields).pk)


@pytest.fixture
def client() -> Client:
    """Return somebody who has nothing here."""
    return as_user(factories.user())


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(PATH, query)
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def test_open_ones_come_first_then_the_newest(client: Client) -> None:
    new = incident(1)
    old_and_open = incident(9, is_open=True)
    old = incident(5)
    new_and_open = incident(2, is_open=True, service="gmail")

    assert listed(client) == [new_and_open, old_and_open, new, old]


def test_an_incident_says_what_the_contract_says(client: Client) -> None:
    made = incident(1, provider="", service="gmail", affected_users=412)

    (item,) = client.get(PATH).json()["items"]

    assert item == {
        "id": made,
        "provider": None,
        "service": "gmail",
        "cause": "provider",
        "openedAt": "2026-11-24T13:02:00.000Z",
        "closedAt": "2026-11-24T14:02:00.000Z",
        "continuedBy": None,
        "affectedUsers": 412,
    }


def test_an_incident_names_the_wider_one_that_it_became_part_of(client: Client) -> None:
    wider = incident(1, provider="", service="gmail", is_open=True)
    incident(2, service="gmail", continued_by_id=wider)

    [_, narrow] = client.get(PATH).json()["items"]

    assert narrow["continuedBy"] == wider


@pytest.mark.parametrize("users", [1, LEAST_USERS - 1, LEAST_USERS])
def test_a_few_users_are_not_counted_to_others(client: Client, users: int) -> None:
    incident(1, affected_users=users)

    def counted(caller: Client) -> int | None:
        (item,) = caller.get(PATH).json()["items"]
        found: int | None = item["affectedUsers"]
        return found

    assert counted(client) == (users if users >= LEAST_USERS else None)
    assert counted(as_staff(factories.user())) == counted(as_back_end()) == users


def test_filters_choose_what_concerns_a_provider_or_a_service(client: Client) -> None:
    whole = incident(1, provider="composio", is_open=True)
    part = incident(2, provider="klavis", service="slack")
    everywhere = incident(3, provider="", service="gmail")

    assert listed(client, open="true") == [whole]
    assert listed(client, open="false") == [part, everywhere]
    assert listed(client, provider="composio") == [whole, everywhere]
    assert listed(client, service="slack") == [whole, part]
    assert listed(client, provider=["klavis"], service=["gmail"]) == [everywhere]


def test_pages_leave_nothing_out_while_incidents_begin_and_end(client: Client) -> None:
    still_open = [incident(age, is_open=True, service=f"s{age}") for age in (1, 2, 3)]
    over = [incident(age) for age in (4, 5)]
    first = client.get(PATH, {"limit": 2}).json()

    incident(0, is_open=True, service="new")
    ProviderIncident.objects.filter(pk=still_open[2]).update(closed_at=NOW)

    assert [item["id"] for item in first["items"]] == still_open[:2]
    assert listed(client, cursor=first["nextCursor"]) == [still_open[2], *over]


def test_pages_hold_each_incident_once(client: Client) -> None:
    made = [incident(1, is_open=True, service=f"s{n}") for n in range(3)]
    made += [incident(1) for _ in range(4)]

    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(PATH, {"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]

    assert len(found) == 7
    assert set(found[:3]) == set(made[:3])
    assert set(found) == set(made)


def test_a_page_costs_one_statement(client: Client) -> None:
    for age in range(20):
        incident(age)

    with counted_statements() as sent:
        listed(client)

    assert len(sent) == 1


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"cursor": "x"}, {"provider": "x"}, {"user": "x"}]
)
def test_what_cannot_be_asked_is_refused_by_name(client: Client, query: dict[str, str]) -> None:
    answer = client.get(PATH, query)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(query)
