"""GET .../health/history: every check of a range, page by page, and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from integrations_health.models import HealthHistory, Integration
from tests import factories
from tests.callers import as_back_end, as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
WHOLE = {"from": "2031-03-01T00:00:00Z", "to": "2031-03-15T00:00:00Z"}


def path_of(made: Integration) -> str:
    return f"/api/integrations/{made.pk}/health/history"


def show(made: Integration, **query: Any) -> Any:
    return as_user(made.user).get(path_of(made), query)


def times(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["checkedAt"] for item in answer.json()["items"]]


@pytest.fixture
def checked(now: datetime) -> Integration:
    """Return an integration with a check in each of the last ten minutes."""
    made = factories.integration()
    for number in range(10):
        factories.history(made, checked_at=now - timedelta(minutes=number))
    return made


def test_a_check_is_shown_as_everywhere(now: datetime) -> None:
    made = factories.integration()
    factories.history(
        made, checked_at=now, status="degraded", error_code="slow", error_message="Slow."
    )

    body = show(made, **WHOLE).json()

    assert body == {
        "resolution": "raw",
        "from": "2031-03-01T00:00:00.000Z",
        "to": "2031-03-15T00:00:00.000Z",
        "items": [
            {
                "checkedAt": "2031-03-14T09:26:53.000Z",
                "status": "degraded",
                "responseTimeMs": 120,
                "errorCode": "slow",
                "errorMessage": "Slow.",
            }
        ],
        "nextCursor": None,
    }


def test_pages_hold_each_check_once_the_newest_first(checked: Integration) -> None:
    found: list[list[str]] = []
    more: dict[str, str] = {}
    while True:
        answer = show(checked, **WHOLE, **more, limit=4)
        found.append(times(answer))
        if (cursor := answer.json()["nextCursor"]) is None:
            break
        more = {"cursor": cursor}

    assert [len(page) for page in found] == [4, 4, 2]
    every = [at for page in found for at in page]
    assert every == sorted(set(every), reverse=True)


def test_pages_stay_right_while_checks_are_added(checked: Integration, now: datetime) -> None:
    first = show(checked, **WHOLE, limit=4)
    factories.history(checked, checked_at=now + timedelta(minutes=1))

    second = show(checked, **WHOLE, limit=4, cursor=first.json()["nextCursor"])

    assert times(second)[0] == "2031-03-14T09:22:53.000Z"


def test_checks_of_one_instant_are_told_apart(now: datetime) -> None:
    made = factories.integration()
    for _ in range(3):
        factories.history(made, checked_at=now)

    first = show(made, **WHOLE, limit=2)
    second = show(made, **WHOLE, limit=2, cursor=first.json()["nextCursor"])

    assert (len(times(first)), len(times(second))) == (2, 1)


def test_a_range_begins_with_its_first_instant_and_ends_before_its_last(
    checked: Integration,
) -> None:
    answer = show(checked, **{"from": "2031-03-14T09:20:53Z", "to": "2031-03-14T10:22:53+01:00"})

    assert times(answer) == ["2031-03-14T09:21:53.000Z", "2031-03-14T09:20:53.000Z"]


def test_left_out_it_is_the_last_day() -> None:
    made = factories.integration()
    at = datetime.now(UTC)
    factories.history(made, checked_at=at - timedelta(hours=23))
    factories.history(made, checked_at=at - timedelta(hours=25))

    assert len(times(show(made))) == 1


def test_a_months_edge_divides_nothing() -> None:
    made = factories.integration()
    edge = datetime(2031, 4, 1, tzinfo=UTC)
    for minutes in (-5, 0, 5):
        factories.history(made, checked_at=edge + timedelta(minutes=minutes))

    answer = show(made, **{"from": "2031-03-31T00:00:00Z", "to": "2031-04-02T00:00:00Z"})

    assert [at[5:16] for at in times(answer)] == ["04-01T00:05", "04-01T00:00", "03-31T23:55"]


def test_what_the_owner_before_had_is_not_shown_to_the_next(checked: Integration) -> None:
    heir = factories.user()
    Integration.objects.filter(pk=checked.pk).update(user=heir)

    assert times(as_user(heir).get(path_of(checked), WHOLE)) == []
    assert as_user(checked.user).get(path_of(checked), WHOLE).status_code == 404


def test_an_integration_shows_its_own_checks_alone(checked: Integration, now: datetime) -> None:
    sibling = factories.integration(user=checked.user)
    factories.history(sibling, checked_at=now)

    assert len(times(show(sibling, **WHOLE))) == 1
    assert len(times(as_back_end().get(path_of(checked), WHOLE))) == 10


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2031-03-14"}, "from"),
        ({"from": "2031-03-14T09:00:00"}, "from"),
        ({"from": "2031-03-14T09:00:00 00:00"}, "from"),
        ({"from": "2031-02-30T09:00:00Z"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"to": "9999-12-31T23:59:59-23:59"}, "to"),
        ({"from": "2031-03-14T09:00:00Z", "to": "2031-03-14T09:00:00Z"}, "from"),
        ({"from": "2031-03-14T09:00:00Z", "to": "2031-03-13T09:00:00Z"}, "from"),
        ({"from": "2031-01-01T00:00:00Z", "to": "2031-02-01T00:00:01Z"}, "from"),
        ({"from": "2031-01-01T00:00:00Z", "to": "2031-05-01Z", "resolution": "hour"}, "to"),
        (
            {"from": "2031-01-01T00:00:00Z", "to": "2031-04-05T00:00:00Z", "resolution": "hour"},
            "from",
        ),
        (
            {"from": "2030-01-01T00:00:00Z", "to": "2031-04-05T00:00:00Z", "resolution": "day"},
            "from",
        ),
        ({"resolution": "minute"}, "resolution"),
        ({"limit": "1001"}, "limit"),
        ({"cursor": "-" * 32}, "cursor"),
        ({"since": "2031-01-01T00:00:00Z"}, "since"),
    ],
)
def test_what_cannot_be_taken_is_named(query: dict[str, Any], field: str) -> None:
    answer = show(factories.integration(), **query)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("limit", [1, 1000])
def test_a_page_costs_the_same_statements_whatever_it_holds(
    limit: int, checked: Integration
) -> None:
    client: Client = as_user(checked.user)

    with counted_statements() as sent:
        client.get(path_of(checked), {**WHOLE, "limit": str(limit)})

    # the integration, the time, the checks
    assert len(sent) == 3


def test_a_range_of_a_thousand_years_ago_is_empty_and_quick() -> None:
    made = factories.integration()
    HealthHistory.objects.all().delete()

    answer = show(made, **{"from": "2000-01-01T00:00:00Z", "to": "2000-01-02T00:00:00Z"})

    assert times(answer) == []
