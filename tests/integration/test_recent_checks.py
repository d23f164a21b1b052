"""How those are who were checked within an hour is reckoned once a minute, for few names."""

from datetime import datetime, timedelta

import pytest

from integrations_health import recent_checks
from integrations_health.recent_checks import MOST_SERVICES, Recent
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
NO_NAMES = (
    "ann@example.com",
    "https://example.com",
    "mail.example.com",
    "10.0.0.7",
    'a"b\n',
    "äöü",
    "9f86d081-884c-4d63-a6e1-0242ac120002",
    "user_20391",
    "of ann smith",
)


def checked(
    service: str, status: str = "healthy", *, took: int | None = 100, at: datetime = NOW - MINUTE
) -> None:
    factories.integration(
        service=service,
        provider="composio",
        status=status,
        response_time_ms=took,
        last_check_at=at,
    )


def found() -> dict[tuple[str, str], Recent]:
    recent_checks.reckon(now=NOW)
    return {(row.service, row.status): row for row in recent_checks.read()}


def test_each_integration_counts_once_by_its_last_check() -> None:
    for took in (100, 200, 300):
        checked("gmail", took=took)
    checked("gmail", "unhealthy", took=None)
    checked("gmail", at=NOW - timedelta(hours=1))

    rows = found()

    assert rows["gmail", "healthy"] == ("gmail", "healthy", 3, 200.0, 290.0)
    assert rows["gmail", "unhealthy"] == ("gmail", "unhealthy", 1, None, None)


def test_a_service_has_every_status_and_nobody_is_a_zero() -> None:
    checked("gmail")

    assert {key: row.checks for key, row in found().items()} == {
        ("gmail", "healthy"): 1,
        ("gmail", "degraded"): 0,
        ("gmail", "unhealthy"): 0,
        ("gmail", "unknown"): 0,
    }


def test_a_name_outlives_an_hour_without_checks() -> None:
    checked("gmail", at=NOW - timedelta(hours=9))

    assert {row.checks for row in found().values()} == {0}
    assert {service for service, _ in found()} == {"gmail"}


def test_the_services_with_most_integrations_have_names() -> None:
    for number in range(MOST_SERVICES + 2):
        for _ in range(2 if number else 1):
            checked(f"service_{number:02}")

    rows = found()

    named = {service for service, _ in rows} - {"other"}
    assert named == {f"service_{number:02}" for number in range(1, MOST_SERVICES + 1)}
    assert rows["other", "healthy"].checks == 3


def test_what_looks_like_no_name_has_none() -> None:
    for service in NO_NAMES:
        checked(service)
        checked(service)

    assert {name for name, _ in found()} == {"other"}


def test_what_looks_like_a_name_has_it() -> None:
    services = {"gmail", "google-calendar", "microsoft365", "s3_files"}
    for service in services:
        checked(service)

    assert {name for name, _ in found()} == services


def test_it_is_reckoned_once_a_minute_however_many_ask() -> None:
    asked = [NOW + timedelta(seconds=seconds) for seconds in (0, 15, 30, 45, 60, 75)]

    assert [recent_checks.reckon(now=at) for at in asked] == [True, *[False] * 3, True, False]
    assert recent_checks.age(now=NOW + timedelta(seconds=75)) == timedelta(seconds=15)


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    tomorrow = NOW + timedelta(days=1)

    assert [recent_checks.reckon(now=at) for at in (tomorrow, NOW, NOW)] == [True, True, False]
    assert recent_checks.age(now=NOW + timedelta(seconds=15)) == timedelta(seconds=15)


def test_what_was_never_reckoned_has_no_age() -> None:
    assert recent_checks.age() is None
