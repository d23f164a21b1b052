"""Days are rolled up on the real server, compared with a count of minute by minute."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_health import history, partitions, rollups
from integrations_health.check_ids import check_id
from integrations_health.models import (
    DailyHealth,
    Integration,
    MonitoringGap,
    RolledUpDay,
)
from integrations_health.status import Status
from tests import factories

pytestmark = pytest.mark.django_db

DAY = date(2031, 3, 14)
MIDNIGHT = datetime(2031, 3, 14, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Check(NamedTuple):
    """A check `minute` minutes after midnight."""

    minute: int
    status: str
    response_time_ms: int | None = 100


def watch(*checks: Check, of: Integration | None = None) -> Integration:
    integration = of or factories.integration()
    for seq, check in enumerate(checks):
        at = MIDNIGHT + check.minute * MINUTE
        factories.history(
            integration,
            id=check_id(integration.pk, seq, at),
            checked_at=at,
            status=check.status,
            response_time_ms=check.response_time_ms,
        )
    return integration


def minutes(row: DailyHealth) -> tuple[float, float, float]:
    return (row.observed_seconds / 60, row.downtime_seconds / 60, row.degraded_seconds / 60)


def rolled_up(integration: Integration, day: date = DAY) -> DailyHealth:
    rollups.roll_up(day)
    return DailyHealth.objects.get(integration_id=integration.pk, day=day)


def test_a_day_is_counted_and_measured() -> None:
    integration = watch(
        Check(60, "healthy", 100),
        Check(70, "degraded", 300),
        Check(80, "unhealthy", None),
        Check(90, "healthy", 200),
    )

    row = rolled_up(integration)

    assert (row.user_id, row.service) == (integration.user_id, "gmail")
    assert (row.checks, row.healthy_checks, row.degraded_checks, row.unhealthy_checks) == (
        4, 2, 1, 1,
    )  # fmt: skip
    assert minutes(row) == (150, 10, 10)
    assert (row.p50_ms, row.p95_ms) == (200, 290)


def test_a_status_lasts_into_the_next_day() -> None:
    integration = watch(Check(-30, "unhealthy"), Check(30, "healthy"))

    row = rolled_up(integration)

    assert (row.checks, row.unhealthy_checks, row.healthy_checks) == (1, 0, 1)
    assert minutes(row) == (150, 30, 0)


def test_two_hours_without_news_end_what_we_know() -> None:
    integration = watch(Check(0, "unhealthy"), Check(600, "healthy"), Check(605, "healthy"))

    assert minutes(rolled_up(integration)) == (120 + 125, 120, 0)


def test_a_check_of_the_evening_speaks_for_two_hours_at_most() -> None:
    integration = watch(Check(-90, "unhealthy"))

    row = rolled_up(integration)

    assert minutes(row) == (30, 30, 0)
    assert (row.checks, row.p50_ms) == (0, None)


def test_a_time_in_which_nobody_watched_is_nobodys_downtime() -> None:
    integration = watch(Check(0, "unhealthy"), Check(100, "healthy"))
    for started, ended in ((20, 50), (40, 60), (-500, 5)):
        MonitoringGap.objects.create(
            started_at=MIDNIGHT + started * MINUTE, ended_at=MIDNIGHT + ended * MINUTE
        )

    assert minutes(rolled_up(integration)) == (55 + 120, 55, 0)


def test_a_status_we_did_not_know_is_not_observed() -> None:
    integration = watch(Check(0, "unknown"), Check(60, "healthy"), Check(90, "unknown"))

    row = rolled_up(integration)

    assert minutes(row) == (30, 0, 0)
    assert (row.checks, row.healthy_checks) == (3, 1)


def test_an_integration_without_checks_has_no_row() -> None:
    factories.integration()

    rollups.roll_up(DAY)

    assert not DailyHealth.objects.exists()


def test_rolling_up_again_takes_late_checks_in_and_makes_no_second_row() -> None:
    integration = watch(Check(0, "healthy"), Check(10, "healthy"))
    first = rolled_up(integration)
    watch(Check(5, "unhealthy"), of=integration)

    second = rolled_up(integration)

    assert (first.id, first.downtime_seconds) == (second.id, 0)
    assert (second.checks, second.downtime_seconds) == (3, 300)


def test_a_month_that_the_days_lack_is_made() -> None:
    day = date(2044, 5, 6)
    integration = factories.integration()
    factories.history(integration, checked_at=datetime(2044, 5, 6, 12, tzinfo=UTC))

    assert rolled_up(integration, day).checks == 1
    assert partitions.month_of(day) in partitions.existing(DailyHealth._meta.db_table)


def test_more_integrations_than_one_statement_takes_are_all_rolled_up() -> None:
    owner = factories.user()
    count = rollups.INTEGRATIONS_AT_ONCE + 1
    integrations = Integration.objects.bulk_create(
        Integration(user=owner, service="gmail", provider="mcp", server_instance_id=str(number))
        for number in range(count)
    )
    history.append(
        [
            history.HistoryRow(
                check_id(one.pk, 1, MIDNIGHT), one.pk, owner.pk, "gmail", "healthy", "ok", 1,
                MIDNIGHT, "", "",
            )
            for one in integrations
        ]
    )  # fmt: skip

    rollups.roll_up(DAY)

    assert DailyHealth.objects.filter(day=DAY, checks=1).count() == count


def test_every_day_since_the_first_check_is_rolled_up_once_and_finally_a_day_later() -> None:
    watch(Check(-3 * 24 * 60, "healthy"), Check(0, "healthy"))
    first = DAY - timedelta(days=3)

    early = rollups.roll_up_missing(DAY)
    again = rollups.roll_up_missing(DAY)
    next_day = rollups.roll_up_missing(DAY + timedelta(days=1))
    for_good = rollups.roll_up_missing(DAY + timedelta(days=1))

    assert early == [first, first + timedelta(days=1), first + timedelta(days=2)]
    assert again == []
    assert next_day == [first + timedelta(days=2), DAY]
    assert for_good == []
    assert RolledUpDay.objects.get(day=DAY).is_final is False
    assert RolledUpDay.objects.get(day=DAY - timedelta(days=1)).is_final is True


def test_a_day_that_was_skipped_is_rolled_up_later() -> None:
    watch(Check(0, "healthy"))
    for days in (0, 2):
        RolledUpDay.objects.create(day=DAY + timedelta(days=days), is_final=True)

    assert rollups.roll_up_missing(DAY + timedelta(days=3)) == [DAY + timedelta(days=1)]


def test_without_any_check_there_is_nothing_to_roll_up() -> None:
    assert rollups.roll_up_missing(DAY) == []


moments = st.integers(-180, 25 * 60)
checks = st.lists(
    st.builds(Check, moments, st.sampled_from([status.value for status in Status]), st.just(100)),
    max_size=12,
    unique_by=lambda check: check.minute,
)
gaps = st.lists(st.tuples(moments, st.integers(1, 400)), max_size=3)
zones = st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"])


def minute_by_minute(
    checks: list[Check], gaps: list[tuple[int, int]]
) -> tuple[float, float, float]:
    """Ask of each minute of the day which check last spoke for it: slow, and plainly right."""
    found = dict.fromkeys((status.value for status in Status), 0)
    for minute in range(24 * 60):
        if any(start <= minute < start + length for start, length in gaps):
            continue
        heard = [check for check in checks if minute - 120 < check.minute <= minute]
        if heard:
            found[max(heard).status] += 1
    observed = found["healthy"] + found["degraded"] + found["unhealthy"]
    return (observed, found["unhealthy"], found["degraded"])


@settings(max_examples=100)
@given(checks, gaps, zones)
def test_time_is_shared_out_as_a_count_of_the_minutes_does(
    checks: list[Check], gaps: list[tuple[int, int]], zone: str
) -> None:
    with transaction.atomic():
        integration = watch(*checks)
        MonitoringGap.objects.bulk_create(
            MonitoringGap(
                started_at=MIDNIGHT + start * MINUTE,
                ended_at=MIDNIGHT + (start + length) * MINUTE,
            )
            for start, length in gaps
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('TimeZone', %s, true)", [zone])

        rollups.roll_up(DAY)

        row = DailyHealth.objects.filter(integration_id=integration.pk).first()
        transaction.set_rollback(True)

    assert (minutes(row) if row else (0, 0, 0)) == minute_by_minute(checks, gaps)
