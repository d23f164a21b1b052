"""The log of an integration's checks, page by page, on the real server."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from integrations_health import check_log
from integrations_health.check_log import PAGE
from integrations_health.models import HealthHistory, Integration
from integrations_health.positions import Position
from tests import factories

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def checked(of: Integration, count: int, *, now: datetime, outcome: str = "ok") -> list[UUID]:
    """Make checks, and return their ids newest first."""
    return [
        factories.history(of, checked_at=now - number * MINUTE, outcome=outcome).pk
        for number in range(1, count + 1)
    ]


def all_pages(of: Integration, *, now: datetime) -> list[UUID]:
    found: list[UUID] = []
    place: Position | None = None
    while True:
        page = check_log.read(of, now=now, older_than=place)
        found += [check.pk for check in page.checks]
        if page.older is None:
            return found
        place = Position.parse(str(page.older))


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 3])
def test_pages_hold_every_check_once_newest_first(count: int, now: datetime) -> None:
    watched = factories.integration()
    ids = checked(watched, count, now=now)

    assert all_pages(watched, now=now) == ids


def test_checks_of_the_same_instant_are_not_lost_between_pages(now: datetime) -> None:
    watched = factories.integration()
    ids = {
        factories.history(watched, id=uuid4(), checked_at=now - MINUTE).pk
        for _ in range(2 * PAGE + 1)
    }

    found = all_pages(watched, now=now)

    assert len(found) == len(ids)
    assert set(found) == ids


def test_a_page_stays_right_while_new_checks_come(now: datetime) -> None:
    watched = factories.integration()
    ids = checked(watched, PAGE + 5, now=now)
    first = check_log.read(watched, now=now)

    factories.history(watched, checked_at=now)

    second = check_log.read(watched, now=now, older_than=first.older)
    assert [check.pk for check in second.checks] == ids[PAGE:]


def test_the_log_is_of_one_outcome_when_asked(now: datetime) -> None:
    watched = factories.integration()
    checked(watched, 3, now=now)
    slow = checked(watched, 2, now=now - timedelta(hours=1), outcome="slow")

    page = check_log.read(watched, now=now, outcome="slow")

    assert [check.pk for check in page.checks] == slow


def test_outcomes_are_counted_the_most_frequent_first(now: datetime) -> None:
    watched = factories.integration()
    checked(watched, 2, now=now, outcome="slow")
    checked(watched, 3, now=now)
    factories.history(watched, checked_at=now - check_log.REACH - MINUTE, outcome="timeout")

    assert list(check_log.outcomes(watched, now=now).items()) == [("ok", 3), ("slow", 2)]


def test_what_another_user_was_told_is_not_read(now: datetime) -> None:
    watched, stranger = factories.integration(), factories.user()
    factories.history(watched, checked_at=now, user_id=stranger.pk)

    assert check_log.read(watched, now=now).checks == []
    assert check_log.outcomes(watched, now=now) == {}
    assert HealthHistory.objects.exists()
