"""Days of everybody, added up per provider on the real server."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations_health import provider_days, rollups
from integrations_health.models import Integration, ProviderDay
from tests import factories

pytestmark = pytest.mark.django_db

DAY = date(2031, 3, 13)
NOON = datetime(2031, 3, 13, 12, tzinfo=UTC)
HOUR = 3600


def seen(**fields: Any) -> Integration:
    """Make an integration that was observed for an hour of the day."""
    watched = factories.integration(**fields)
    factories.daily_health(
        watched,
        day=DAY,
        observed_seconds=HOUR,
        downtime_seconds=HOUR,
        outage_seconds=HOUR // 2,
    )
    return watched


def rows() -> list[tuple[str, str, int, int, int, int]]:
    fields = ("provider", "service", "users", "observed_seconds", "outage_seconds")
    return list(
        ProviderDay.objects.order_by("provider", "service").values_list(*fields, "impaired_seconds")
    )


def test_days_are_added_up_per_service_and_for_the_provider_as_a_whole() -> None:
    seen(service="gmail")
    seen(service="gmail")
    seen(service="slack")
    seen(service="gmail", provider="klavis")

    provider_days.add_up(DAY)

    assert rows() == [
        ("composio", "", 3, 3 * HOUR, 3 * HOUR // 2, 0),
        ("composio", "gmail", 2, 2 * HOUR, HOUR, 0),
        ("composio", "slack", 1, HOUR, HOUR // 2, 0),
        ("klavis", "", 1, HOUR, HOUR // 2, 0),
        ("klavis", "gmail", 1, HOUR, HOUR // 2, 0),
    ]


def test_one_person_with_many_connections_is_one_user() -> None:
    person = seen().user
    seen(user=person)
    seen(user=person, service="slack")

    provider_days.add_up(DAY)

    assert [row[:3] for row in rows()] == [
        ("composio", "", 1), ("composio", "gmail", 1), ("composio", "slack", 1)
    ]  # fmt: skip


def test_who_was_not_observed_is_no_user_of_the_day() -> None:
    seen()
    factories.daily_health(
        factories.integration(), day=DAY, observed_seconds=0, downtime_seconds=0, outage_seconds=0
    )

    provider_days.add_up(DAY)

    assert [users for _, _, users, *_ in rows()] == [1, 1]


def test_adding_up_again_replaces_what_was() -> None:
    seen()
    provider_days.add_up(DAY)
    seen()

    provider_days.add_up(DAY)

    assert [row[2] for row in rows()] == [2, 2]


def test_a_day_that_is_rolled_up_is_added_up() -> None:
    watched = factories.integration()
    for minutes in range(0, 60, 5):
        factories.history(watched, checked_at=NOON + timedelta(minutes=minutes))

    rollups.roll_up(DAY)

    assert [row[:3] for row in rows()] == [("composio", "", 1), ("composio", "gmail", 1)]


@pytest.mark.parametrize(
    ("outcome", "status", "outage", "impaired"),
    [
        ("ok", "healthy", 0, 0),
        ("timeout", "unhealthy", HOUR, 0),
        ("server_error", "degraded", 0, HOUR),
        ("service_error", "unhealthy", HOUR, 0),
        ("slow", "degraded", 0, HOUR),
        ("auth_expired", "unhealthy", 0, 0),
        ("permission", "degraded", 0, 0),
        ("key_rejected", "unhealthy", 0, 0),
        ("internal_error", "degraded", 0, 0),
    ],
)
def test_only_the_provider_and_the_service_can_have_an_outage(
    outcome: str, status: str, outage: int, impaired: int
) -> None:
    watched = factories.integration()
    factories.history(watched, checked_at=NOON, status=status, outcome=outcome)
    # An hour later the day's last word ends it.
    factories.history(watched, checked_at=NOON + timedelta(hours=1), status="unknown")

    rollups.roll_up(DAY)

    assert rows()[0][3:] == (HOUR, outage, impaired)


def test_days_of_too_few_people_are_not_read() -> None:
    factories.provider_day(day=DAY, users=4)
    factories.provider_day(day=DAY, service="gmail", users=5)
    factories.provider_day(day=DAY - timedelta(days=1))

    found = provider_days.read(since=DAY, least_users=5)

    assert [(one.day, one.service) for one in found] == [(DAY, "gmail")]
