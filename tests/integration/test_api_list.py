"""GET /api/integrations: whose, which, in what order, and what a page costs."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.callers import as_back_end, as_staff, as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
PATH = "/api/integrations"


def listed(client: Client, **query: Any) -> list[str]:
    answer = client.get(PATH, query)
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def pages(client: Client, **query: Any) -> list[list[str]]:
    found, cursor = [], None
    while True:
        answer = client.get(PATH, {**query, **({"cursor": cursor} if cursor else {})}).json()
        found.append([item["id"] for item in answer["items"]])
        cursor = answer["nextCursor"]
        if cursor is None:
            return found


def several(number: int, **fields: Any) -> list[str]:
    return [str(factories.integration(**fields).pk) for _ in range(number)]


def test_a_user_sees_their_own_and_nobody_elses() -> None:
    mine = factories.integration(display_name="Work mail")
    factories.integration()

    answer = as_user(mine.user).get(PATH)

    assert answer.json()["nextCursor"] is None
    (item,) = answer.json()["items"]
    assert {name: item[name] for name in ("id", "userId", "service", "displayName")} == {
        "id": str(mine.pk),
        "userId": str(mine.user_id),
        "service": "gmail",
        "displayName": "Work mail",
    }
    assert item["health"]["status"] == "unknown"


def test_no_secret_is_shown() -> None:
    mine = factories.integration(server_url="https://s3cret.example.com", server_token="s3cret")

    answer = as_user(mine.user).get(PATH)

    assert b"s3cret" not in answer.content


def test_staff_and_the_back_end_see_everybodys() -> None:
    everybodys = several(3)

    assert listed(as_staff(factories.user())) == everybodys
    assert listed(as_back_end()) == everybodys


def test_a_back_end_chooses_a_user_by_its_own_id_or_ours() -> None:
    owner = factories.user(external_id="alice")
    theirs = several(2, user=owner)
    several(2)

    assert listed(as_back_end(), user="alice") == theirs
    assert listed(as_back_end(), user=str(owner.pk)) == theirs
    assert listed(as_back_end(), user="nobody") == []
    assert listed(as_back_end(acting_for="alice")) == theirs


def test_a_user_chooses_no_other_user() -> None:
    answer = as_user(factories.user()).get(PATH, {"user": "alice"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "user"


def test_pages_hold_each_integration_once_in_the_order_of_their_making() -> None:
    owner = factories.user()
    made = several(7, user=owner)

    assert pages(as_user(owner), limit=3) == [made[:3], made[3:6], made[6:]]


def test_integrations_of_one_instant_are_told_apart() -> None:
    owner = factories.user()
    several(5, user=owner)
    Integration.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))

    found = pages(as_user(owner), limit=2)

    expected = sorted(str(pk) for pk in Integration.objects.values_list("pk", flat=True))
    assert [pk for page in found for pk in page] == expected


def test_pages_stay_right_while_rows_move() -> None:
    owner = factories.user()
    made = several(6, user=owner)
    client = as_user(owner)
    first = client.get(PATH, {"limit": 2}).json()

    HealthCheck.objects.update(status="degraded", state_version=7)
    Integration.objects.filter(pk__in=[made[0], made[2]]).delete()
    late = several(1, user=owner)

    assert listed(client, cursor=first["nextCursor"]) == [*made[3:], *late]


@pytest.fixture
def shown(db: None) -> tuple[User, dict[str, str]]:
    """Return an owner with one integration of each status, and one under an open incident."""
    owner = factories.user()
    made = {
        status: str(factories.integration(user=owner, status=status, provider="klavis").pk)
        for status in ("unknown", "healthy", "degraded", "unhealthy")
    }
    made["overlaid"] = str(factories.integration(user=owner, status="healthy").pk)
    made["worse"] = str(factories.integration(user=owner, status="unhealthy").pk)
    factories.incident(provider="composio")
    factories.incident(provider="klavis", service="slack")
    factories.incident(provider="klavis", closed_at=datetime(2031, 1, 1, tzinfo=UTC))
    return owner, made


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["healthy"], ["healthy"]),
        (["degraded"], ["degraded", "overlaid"]),
        (["unhealthy"], ["unhealthy", "worse"]),
        (["unknown"], ["unknown"]),
        (["healthy", "degraded"], ["healthy", "degraded", "overlaid"]),
    ],
)
def test_the_status_that_is_asked_for_is_the_one_that_is_shown(
    statuses: list[str], expected: list[str], shown: tuple[User, dict[str, str]]
) -> None:
    owner, made = shown

    items = as_user(owner).get(PATH, {"status": statuses}).json()["items"]

    assert {item["id"] for item in items} == {made[name] for name in expected}
    assert {item["health"]["status"] for item in items} <= {*statuses}


def test_an_incident_of_everything_covers_everything() -> None:
    made = factories.integration(status="healthy")
    factories.incident(provider="", service="")

    assert listed(as_user(made.user), status="healthy") == []
    assert listed(as_user(made.user), status="degraded") == [str(made.pk)]


def test_services_and_providers_are_chosen_and_may_be_several() -> None:
    owner = factories.user()
    made = {
        service: str(factories.integration(user=owner, service=service, provider=provider).pk)
        for service, provider in [("gmail", "composio"), ("slack", "klavis"), ("notion", "mcp")]
    }
    client = as_user(owner)

    assert listed(client, service=["gmail", "Notion"]) == [made["gmail"], made["notion"]]
    assert listed(client, provider="klavis") == [made["slack"]]
    assert listed(client, service="gmail", provider="klavis") == []
    assert listed(client, service="=1") == []


def test_what_is_paused_can_be_left_out() -> None:
    owner = factories.user()
    (paused,) = several(1, user=owner, enabled=False)
    (watched,) = several(1, user=owner)

    assert listed(as_user(owner), enabled="true") == [watched]
    assert listed(as_user(owner), enabled="false") == [paused]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": ""}, "cursor"),
        ({"status": "fine"}, "status"),
        ({"provider": "zapier"}, "provider"),
        ({"service": "a\0"}, "service"),
        ({"service": ["gmail"] * 21}, "service"),
        ({"enabled": "maybe"}, "enabled"),
    ],
)
def test_what_cannot_be_taken_is_named(query: dict[str, Any], field: str) -> None:
    answer = as_user(factories.user()).get(PATH, query)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_unknown_parameter_is_told_which_there_are() -> None:
    answer = as_user(factories.user()).get(PATH, {"page_size": "10"})

    (error,) = answer.json()["errors"]
    assert error["remedy"] == (
        "the parameters are limit, cursor, status, service, provider, enabled, user"
    )


def test_a_page_costs_two_statements_whatever_it_holds() -> None:
    owner = factories.user()
    several(30, user=owner)
    client = as_user(owner)
    client.get(PATH)

    with counted_statements() as sent:
        client.get(PATH, [("status", "healthy"), ("status", "unknown"), ("limit", 20)])

    assert len(sent) == 2


def test_somebody_whom_we_do_not_know_has_none() -> None:
    several(2)

    stranger = User(id=uuid4(), username="stranger")

    assert listed(as_user(stranger)) == []


def test_a_position_of_somebody_elses_row_shows_nothing_of_it() -> None:
    several(3)
    cursor = as_back_end().get(PATH, {"limit": 1}).json()["nextCursor"]
    mine = factories.integration()

    assert listed(as_user(mine.user), cursor=cursor) == [str(mine.pk)]
