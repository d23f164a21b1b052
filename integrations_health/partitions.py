"""Make and drop the monthly partitions of the tables of the past.

A month is the UTC month, whatever the session's time zone, and named by its first day. There is no
DEFAULT partition: it would forbid DETACH CONCURRENTLY, and a row in it would forbid its month.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import sql

from integrations_health.models import DailyHealth, HealthHistory
from integrations_health.partition_plan import (
    Action,
    State,
    Step,
    later,
    month_of,
    plan,
)

__all__ = [
    "TABLES",
    "Action",
    "State",
    "Step",
    "apply",
    "changes",
    "describe",
    "ensure",
    "existing",
    "later",
    "maintain",
    "make_coming_months",
    "month_of",
    "name",
    "plan",
    "ready_until",
]
logger = logging.getLogger(__name__)

# The column each table is partitioned by is a timestamptz or a date; both read such a bound.
_BOUND = "{:%Y-%m-%d} 00:00:00+00"
TABLES: Final = (HealthHistory._meta.db_table, DailyHealth._meta.db_table)

_ADVISORY_LOCK = 0x6D6F6E746873  # "months"
_LOCK_TIMEOUT = "2s"
# Written on a partition before it is detached, so that a run that was killed between detaching and
# dropping is told from a month that somebody detached to keep.
_LEAVING = "on its way out: to be dropped by maintain_partitions"


def apply(table: str, steps: Iterable[Step]) -> None:
    """Do `steps`, each on its own and only where still needed, so that many may run at once.

    Dropping must run outside a transaction. Raises django.db.OperationalError when the lock of a
    step is not had within 2 s; what was begun is resumed by the next plan.
    """
    for step in steps:
        if step.action is Action.MAKE:
            ensure(table, step.month)
        else:
            _drop(table, step.month)


def changes(today: date) -> list[tuple[str, Step]]:
    """Return what every table needs on `today`, keeping `HISTORY_MONTHS_KEPT` months."""
    return [
        (table, step)
        for table in TABLES
        for step in plan(existing(table), today=today, keep_months=settings.HISTORY_MONTHS_KEPT)
    ]


def maintain(today: date) -> None:
    """Do what is due. Raises like `apply`, but only when everything was tried."""
    failure: OperationalError | None = None
    for table, step in changes(today):
        try:
            apply(table, [step])
            logger.info("partition.changed", extra={"change": describe(table, step)})
        except OperationalError as error:
            failure = error
    if failure:
        raise failure


def describe(table: str, step: Step) -> str:
    """Return `step` as a line that people read."""
    return f"{step.action} {name(table, step.month)}"


def ensure(table: str, month: date) -> None:
    """Make `month` of `table` unless it is there. Readers and writers of other months go on."""
    if existing(table).get(month) is State.ATTACHED:
        return
    names = _names(table, month)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ADVISORY_LOCK])
        state = existing(table).get(month)
        if state is State.ATTACHED:
            return
        if state is State.HALF_DETACHED:
            cursor.execute(_FINISH_DETACHING.format(**names))
        if state is None:
            cursor.execute(_CREATE.format(**names))
        cursor.execute(_ATTACH.format(**names))


def make_coming_months(today: date) -> None:
    """Make the running month and those ahead of it, in every table that is there already."""
    for table in TABLES:
        if _exists(table):
            steps = plan(existing(table), today=today, keep_months=settings.HISTORY_MONTHS_KEPT)
            apply(table, [step for step in steps if step.action is Action.MAKE])


def existing(table: str) -> dict[date, State]:
    """Return the months of `table` that have a table of their own, and how they stand to it."""
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING, {"table": table, "leaving": _LEAVING})
        return {
            datetime.strptime(part[-7:], "%Y_%m").date(): State(state)  # noqa: DTZ007 - a month
            for part, state in cursor.fetchall()
        }


def ready_until(table: str, *, now: datetime | None = None) -> date:
    """Return the first day, from the running month on, that has no partition.

    `now` replaces the database's clock in tests.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT (COALESCE(%s, now()) AT TIME ZONE 'UTC')::date", [now])
        month = month_of(cursor.fetchone()[0])
    months = existing(table)
    while months.get(month) is State.ATTACHED:
        month = later(month, 1)
    return month


def name(table: str, month: date) -> str:
    """Return the name of the partition of `table` that holds `month`."""
    return f"{table}_{month:%Y_%m}"


_EXISTING = """
SELECT part.relname, CASE
    WHEN link.inhdetachpending THEN 'half detached'
    WHEN link.inhparent IS NOT NULL THEN 'attached'
    WHEN obj_description(part.oid, 'pg_class') = %(leaving)s THEN 'leaving'
    ELSE 'detached' END
FROM pg_class whole
JOIN pg_class part ON part.relnamespace = whole.relnamespace AND part.relkind = 'r'
    AND part.relname ~ ('^' || whole.relname || '_[0-9]{4}_(0[1-9]|1[0-2])$')
LEFT JOIN pg_inherits link ON link.inhrelid = part.oid AND link.inhparent = whole.oid
WHERE whole.oid = to_regclass(%(table)s)
"""
_CREATE = sql.SQL("CREATE TABLE {part} (LIKE {table} INCLUDING ALL)")
_ATTACH = sql.SQL(
    "COMMENT ON TABLE {part} IS NULL; "
    "ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({first}) TO ({end})"
)
_ANNOUNCE_DROP = sql.SQL("COMMENT ON TABLE {part} IS {leaving}")
_DETACH = sql.SQL("ALTER TABLE {table} DETACH PARTITION {part} CONCURRENTLY")
_FINISH_DETACHING = sql.SQL("ALTER TABLE {table} DETACH PARTITION {part} FINALIZE")
_DROP = sql.SQL("DROP TABLE {part}")


def _drop(table: str, month: date) -> None:
    names = _names(table, month)
    with _alone(), connection.cursor() as cursor:
        state = existing(table).get(month)
        if state is State.ATTACHED:
            cursor.execute(_ANNOUNCE_DROP.format(**names))
            cursor.execute(_DETACH.format(**names))
        elif state is State.HALF_DETACHED:
            cursor.execute(_FINISH_DETACHING.format(**names))
        if state not in {None, State.DETACHED}:
            cursor.execute(_DROP.format(**names))


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the advisory lock outside a transaction, which DETACH CONCURRENTLY does not allow."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        try:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
        finally:
            cursor.execute("RESET lock_timeout")


def _names(table: str, month: date) -> dict[str, sql.Composable]:
    return {
        "table": sql.Identifier(table),
        "part": sql.Identifier(name(table, month)),
        "first": sql.Literal(_BOUND.format(month)),
        "end": sql.Literal(_BOUND.format(later(month, 1))),
        "leaving": sql.Literal(_LEAVING),
    }


def _exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        return bool(cursor.fetchone()[0])
