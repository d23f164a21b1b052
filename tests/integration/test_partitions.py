"""Months are made and dropped on the real server, also by many at once and after a crash."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from integrations_health import partitions
from integrations_health.partitions import State
from tests import factories
from tests.sessions import another_session, at_once

HISTORY, DAILY = partitions.TABLES
OLD = date(2001, 1, 1)
FAR = date(2044, 12, 1)


@pytest.fixture
def _ready(transactional_db: None) -> Iterator[None]:
    """Run outside a transaction, and leave no month behind that others do not know."""
    before = {table: partitions.existing(table) for table in partitions.TABLES}
    yield
    for table, months in before.items():
        for month in partitions.existing(table).keys() - months.keys():
            execute(f"DROP TABLE IF EXISTS {partitions.name(table, month)}")
        for month in months:
            partitions.ensure(table, month)


pytestmark = pytest.mark.usefixtures("_ready")


def execute(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def bounds(table: str, month: date) -> str:
    part = partitions.name(table, month)
    execute("SET TIME ZONE 'UTC'")
    ((expression,),) = execute(
        f"SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = '{part}'"
    )
    return str(expression)


def detach_half(month: date) -> None:
    """Detach a month and be stopped in the middle, by a reader that does not end in time."""
    with another_session() as reader, another_session() as stopped:
        reader.execute(f"SELECT count(*) FROM {HISTORY}")
        stopped.autocommit = True
        stopped.execute("SET lock_timeout = '50ms'")
        part = partitions.name(HISTORY, month)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            stopped.execute(f"ALTER TABLE {HISTORY} DETACH PARTITION {part} CONCURRENTLY")
    assert partitions.existing(HISTORY)[month] is State.HALF_DETACHED


def test_migrating_makes_the_running_month_and_three_more() -> None:
    this_month = partitions.month_of(datetime.now(UTC).date())

    for table in partitions.TABLES:
        existing = partitions.existing(table)
        for months in range(4):
            assert existing[partitions.later(this_month, months)] is State.ATTACHED


def test_a_partition_is_named_after_its_month() -> None:
    partitions.ensure(HISTORY, date(2044, 1, 1))

    assert execute("SELECT to_regclass('integration_health_history_2044_01') IS NOT NULL")[0][0]


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_a_month_is_the_utc_month_whatever_the_session_says(zone: str) -> None:
    execute(f"SET TIME ZONE '{zone}'")

    for table in partitions.TABLES:
        partitions.ensure(table, FAR)

    assert bounds(HISTORY, FAR) == (
        "FOR VALUES FROM ('2044-12-01 00:00:00+00') TO ('2045-01-01 00:00:00+00')"
    )
    assert bounds(DAILY, FAR) == "FOR VALUES FROM ('2044-12-01') TO ('2045-01-01')"


def test_a_partition_has_the_indexes_and_constraints_of_the_whole() -> None:
    partitions.ensure(HISTORY, FAR)

    part = partitions.name(HISTORY, FAR)
    indexes = execute(f"SELECT count(*) FROM pg_indexes WHERE tablename = '{part}'")
    assert indexes == [(3,)]
    with pytest.raises(Exception, match="status_in_history_is_one_of_the_four"):
        execute(
            f"INSERT INTO {part} VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),"
            " 'gmail', 'fine', 'ok', NULL, '2044-12-05 12:00+00')"
        )


def test_eight_sessions_at_once_make_the_same_months_without_an_error() -> None:
    def make(_: int) -> None:
        for table in partitions.TABLES:
            for months in range(3):
                partitions.ensure(table, partitions.later(FAR, months))

    at_once(8, make)

    assert partitions.existing(HISTORY)[partitions.later(FAR, 2)] is State.ATTACHED


def test_eight_sessions_at_once_drop_the_same_months_without_an_error() -> None:
    for months in range(3):
        partitions.ensure(HISTORY, partitions.later(OLD, months))

    at_once(8, lambda _: partitions.maintain(datetime.now(UTC).date()))

    assert min(partitions.existing(HISTORY)) > partitions.later(OLD, 2)


def test_an_old_month_leaves_with_its_rows_and_no_other(settings: Settings) -> None:
    settings.HISTORY_MONTHS_KEPT = 2
    integration = factories.integration()
    days = [datetime(2031, month, 15, tzinfo=UTC) for month in (1, 2, 3)]
    for day in days:
        factories.history(integration, checked_at=day)

    partitions.maintain(date(2031, 4, 1))

    assert execute(f"SELECT checked_at FROM {HISTORY} ORDER BY 1") == [(days[1],), (days[2],)]
    assert date(2031, 1, 1) not in partitions.existing(HISTORY)


def test_a_month_that_was_left_half_detached_is_dropped_by_the_next_run() -> None:
    partitions.ensure(HISTORY, OLD)
    detach_half(OLD)

    partitions.maintain(datetime.now(UTC).date())

    assert OLD not in partitions.existing(HISTORY)


def test_a_run_that_is_killed_after_detaching_is_finished_by_the_next() -> None:
    partitions.ensure(HISTORY, OLD)
    with another_session() as reader:
        reader.execute(f"SELECT count(*) FROM {HISTORY}")
        with pytest.raises(OperationalError):
            partitions.maintain(datetime.now(UTC).date())
    part = partitions.name(HISTORY, OLD)
    execute(f"ALTER TABLE {HISTORY} DETACH PARTITION {part} FINALIZE")
    assert partitions.existing(HISTORY)[OLD] is State.LEAVING

    partitions.maintain(datetime.now(UTC).date())

    assert OLD not in partitions.existing(HISTORY)


def test_a_month_that_somebody_detached_to_keep_is_never_dropped() -> None:
    partitions.ensure(HISTORY, OLD)
    execute(f"ALTER TABLE {HISTORY} DETACH PARTITION {partitions.name(HISTORY, OLD)}")

    partitions.maintain(datetime.now(UTC).date())

    assert partitions.existing(HISTORY)[OLD] is State.DETACHED


def test_a_half_detached_month_that_is_written_to_again_comes_back_with_its_rows() -> None:
    row = factories.history(checked_at=datetime(2044, 12, 5, tzinfo=UTC))
    detach_half(FAR)

    partitions.ensure(HISTORY, FAR)

    assert partitions.existing(HISTORY)[FAR] is State.ATTACHED
    assert execute(f"SELECT id FROM {HISTORY}") == [(row.id,)]


def test_a_writer_of_another_month_does_not_hold_a_new_month_up() -> None:
    factories.history(checked_at=datetime(2031, 3, 5, tzinfo=UTC))
    with another_session() as writer:
        writer.execute(f"UPDATE {HISTORY} SET service = 'slack'")

        partitions.ensure(HISTORY, FAR)

    assert partitions.existing(HISTORY)[FAR] is State.ATTACHED


def test_a_drop_that_must_wait_too_long_says_so_and_the_rest_is_done() -> None:
    partitions.ensure(HISTORY, OLD)
    partitions.ensure(DAILY, OLD)
    with another_session() as reader:
        reader.execute(f"SELECT count(*) FROM {HISTORY}")

        with pytest.raises(OperationalError):
            partitions.maintain(datetime.now(UTC).date())

    assert partitions.existing(HISTORY)[OLD] is State.HALF_DETACHED
    assert OLD not in partitions.existing(DAILY)


def test_the_first_month_that_is_not_ready_is_known() -> None:
    for months in range(3):
        partitions.ensure(HISTORY, partitions.later(FAR, months))
    partitions.ensure(HISTORY, partitions.later(FAR, 5))

    ready = partitions.ready_until(HISTORY, now=datetime(2044, 12, 31, 23, 59, tzinfo=UTC))
    not_ready = partitions.ready_until(HISTORY, now=datetime(2045, 3, 1, tzinfo=UTC))

    assert ready == date(2045, 3, 1)
    assert not_ready == date(2045, 3, 1)


def test_a_dry_run_says_what_it_would_do_and_does_nothing() -> None:
    partitions.ensure(HISTORY, OLD)
    before = partitions.existing(HISTORY)
    said = StringIO()

    call_command("maintain_partitions", "--dry-run", stdout=said)

    assert said.getvalue() == "drop integration_health_history_2001_01\n"
    assert partitions.existing(HISTORY) == before


def test_maintaining_says_what_it_does_and_the_second_time_nothing() -> None:
    partitions.ensure(DAILY, OLD)
    said = [StringIO(), StringIO()]

    for out in said:
        call_command("maintain_partitions", stdout=out)

    assert said[0].getvalue() == "drop integration_health_daily_2001_01\n"
    assert said[1].getvalue() == "nothing to do\n"
