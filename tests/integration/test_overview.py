"""Everything that the status page shows, in a constant number of queries."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations_health import overview, windows
from integrations_health.access import OWN, Caller, Way
from integrations_health.models import Integration, RolledUpDay, User
from integrations_health.overview import Overview
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)
TODAY = NOW.date()
COUNTS = range(30)


@pytest.fixture
def owner() -> User:
    return factories.user()


@pytest.fixture(autouse=True)
def _yesterday_is_rolled_up() -> None:
    RolledUpDay.objects.create(day=TODAY - timedelta(days=1), is_final=False)


def read(user: User, *, range: str = "90d") -> Overview:
    caller = Caller(way=Way.SESSION, scopes=OWN, user_id=user.pk)
    return overview.read(caller, window=windows.window(range, now=NOW), now=NOW)


def queries(user: User, range: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        read(user, range=range)
    return len(captured)


@pytest.mark.parametrize(("range", "count"), [("90d", 7), ("24h", 5)])
def test_the_number_of_queries_does_not_grow_with_the_integrations(
    owner: User, range: str, count: int
) -> None:
    factories.integration(user=owner)
    assert queries(owner, range) == count
    for number in COUNTS:
        watched = factories.integration(user=owner, service=f"service-{number}")
        factories.history(watched, checked_at=NOW - timedelta(minutes=5))
        factories.daily_health(watched, day=TODAY - timedelta(days=2))

    assert queries(owner, range) == count

    for watched in Integration.objects.filter(user=owner):
        factories.history(watched, checked_at=NOW - timedelta(minutes=10), status="unhealthy")

    assert queries(owner, range) == count + 1


def test_nobody_sees_what_is_another_persons(owner: User) -> None:
    factories.integration()
    mine = factories.integration(user=owner)

    found = read(owner)

    assert [row.id for row in found.rows] == [mine.pk]


def test_what_it_was_to_an_earlier_owner_is_not_shown(owner: User) -> None:
    watched = factories.integration(user=owner)
    before = factories.user()
    factories.history(watched, user_id=before.pk, checked_at=NOW - timedelta(hours=1))
    factories.daily_health(watched, user_id=before.pk, day=TODAY - timedelta(days=3))

    (row,) = read(owner).rows

    assert row.bar.tones == "n" * 90


def test_days_come_from_roll_ups_and_today_from_the_history(owner: User) -> None:
    watched = factories.integration(user=owner)
    factories.daily_health(watched, day=TODAY - timedelta(days=89), downtime_seconds=1560)
    factories.daily_health(watched, day=TODAY - timedelta(days=1))
    factories.history(watched, checked_at=NOW - timedelta(hours=1), status="degraded")

    (row,) = read(owner).rows

    assert row.bar.tones == "b" + "n" * 87 + "ow"
    assert row.bar.notes[0] == "98.2 %, 26 min down"
    assert row.bar.notes[89] == "100 %, 1 h degraded"


def test_a_yesterday_that_is_not_rolled_up_yet_comes_from_the_history(owner: User) -> None:
    RolledUpDay.objects.all().delete()
    watched = factories.integration(user=owner)
    factories.history(watched, checked_at=NOW - timedelta(days=1), status="unhealthy")

    (row,) = read(owner).rows

    assert row.bar.tones[-2:] == "bn"


def test_half_hours_show_when_it_failed_and_nothing_after_two_silent_hours(owner: User) -> None:
    watched = factories.integration(user=owner)
    at = datetime(2031, 3, 14, 5, 0, tzinfo=UTC)
    factories.history(watched, checked_at=at, status="unhealthy", response_time_ms=300)
    factories.history(watched, checked_at=at + timedelta(minutes=30), response_time_ms=100)

    (row,) = read(owner, range="24h").rows

    assert row.bar.tones == "n" * 39 + "boooo" + "n" * 4
    assert row.p95_ms == 290


def test_a_time_in_which_nobody_watched_is_a_gap(owner: User) -> None:
    factories.integration(user=owner)
    factories.gap(started_at=NOW - timedelta(days=3), ended_at=NOW - timedelta(days=3, hours=-2))

    (row,) = read(owner).rows

    assert row.bar.tones == "n" * 86 + "g" + "nnn"
    assert row.bar.notes == {86: "not watched for 2 h"}


def test_an_incident_lies_over_what_works_and_is_told_to_whom_it_concerns(owner: User) -> None:
    long_ago = NOW - timedelta(days=30)
    factories.integration(user=owner, status="healthy", status_since=long_ago, last_check_at=NOW)
    factories.incident(opened_at=NOW - timedelta(hours=1))
    factories.incident(provider="klavis", opened_at=NOW - timedelta(hours=1))

    found = read(owner)

    assert [(row.status, row.own_status) for row in found.rows] == [("degraded", "healthy")]
    assert found.rows[0].since == NOW - timedelta(hours=1)
    assert [one.provider for one in found.incidents] == ["composio"]
    assert found.banner(zone=UTC).tone == "incident"


def test_who_failed_lately_and_is_fine_now_is_unstable(owner: User) -> None:
    now_fine = {"status": "healthy", "last_check_at": NOW}
    lately = factories.integration(user=owner, status_since=NOW - timedelta(hours=2), **now_fine)
    factories.history(lately, checked_at=NOW - timedelta(hours=3), status="unhealthy")
    factories.history(lately, checked_at=NOW - timedelta(hours=2))
    factories.integration(user=owner, status_since=NOW - timedelta(hours=2), **now_fine)

    for range in ("90d", "24h"):
        found = read(owner, range=range)
        assert [row.id for row in found.rows if row.is_unstable(now=NOW)] == [lately.pk]


def test_somebodys_rows_are_found_by_an_index(owner: User) -> None:
    for _ in range(40):
        factories.integration()
    factories.integration(user=owner)
    with CaptureQueriesContext(connection) as captured:
        read(owner)
    (listed,) = (one["sql"] for one in captured if '"display_name"' in one["sql"])

    # Of so few rows all may as well be read; with many only an index will do.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE user_integrations; ANALYZE integration_health_checks")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + listed)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Seq Scan" not in plan, plan
    assert "Index Cond: (user_id = " in plan, plan
    assert "Index Cond: (integration_id = " in plan, plan
