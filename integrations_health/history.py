"""Append finished checks to the history and read them back, in rows and in numbers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db import IntegrityError, connection
from psycopg.errors import CheckViolation

from integrations_health import uptime
from integrations_health.models import HealthHistory
from integrations_health.status import Status

TABLE = HealthHistory._meta.db_table
# A status lasts until the next check, but no longer than this: after that we do not know.
LONGEST_SILENCE = timedelta(hours=2)


class MonthMissing(Exception):
    """Rows could not be written, because `table` has no partition for one of `months`."""

    def __init__(self, table: str, months: Iterable[date]) -> None:
        self.table = table
        self.months = sorted(set(months))
        super().__init__(f"{table} has no partition for one of {self.months}")


class HistoryRow(NamedTuple):
    """One finished check, in the order of the table's columns."""

    id: UUID
    integration_id: UUID
    user_id: UUID
    service: str
    status: str
    outcome: str
    response_time_ms: int | None
    checked_at: datetime
    error_message: str
    error_code: str


class Checked(Protocol):
    """What statistics need to know of a check: a HealthHistory or a HistoryRow."""

    @property
    def status(self) -> str: ...
    @property
    def response_time_ms(self) -> int | None: ...
    @property
    def checked_at(self) -> datetime: ...


class Statistics(NamedTuple):
    """Some checks in numbers.

    `uptime_percent` is the part of the observed time, not of the checks, in which the status was
    not unhealthy: a failing integration is checked less often. None where nothing is known.
    """

    uptime_percent: float | None
    total_checks: int
    healthy_checks: int
    degraded_checks: int
    unhealthy_checks: int
    average_response_time_ms: float | None
    p95_response_time_ms: float | None


_COPY = f"COPY {TABLE} ({', '.join(HistoryRow._fields)}) FROM STDIN (FORMAT binary)"
_TYPES = [
    "uuid",
    "uuid",
    "uuid",
    "varchar",
    "varchar",
    "varchar",
    "int4",
    "timestamptz",
    "text",
    "varchar",
]
_INSERT_LATE = f"""
INSERT INTO {TABLE} ({", ".join(HistoryRow._fields)})
SELECT * FROM unnest({", ".join(f"%s::{kind}[]" for kind in _TYPES)})
ON CONFLICT DO NOTHING RETURNING id
"""


def append(rows: Sequence[HistoryRow]) -> None:
    """Add new rows in one COPY. Raises MonthMissing when a month has no partition."""
    if not rows:
        return
    with _known_months(rows), connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def append_late(rows: Sequence[HistoryRow]) -> list[HistoryRow]:
    """Add rows of which some may be there already; return the others.

    Raises MonthMissing like `append`.
    """
    if not rows:
        return []
    with _known_months(rows), connection.cursor() as cursor:
        cursor.execute(_INSERT_LATE, [list(column) for column in zip(*rows, strict=True)])
        added = {id for (id,) in cursor.fetchall()}
    # The same result may be there twice.
    return list({row.id: row for row in rows if row.id in added}.values())


def last(integration_id: UUID, user_id: UUID, *, limit: int = 100) -> list[HealthHistory]:
    """Return the newest checks of an integration of this very user, newest first."""
    return list(
        HealthHistory.objects.filter(integration_id=integration_id, user_id=user_id).order_by(
            "-checked_at"
        )[:limit]
    )


def statistics(checks: Iterable[Checked]) -> Statistics:
    """Return `checks`, of one integration and in any order, in numbers."""
    ordered = sorted(checks, key=lambda check: check.checked_at)
    counts = Counter(check.status for check in ordered)
    times = sorted(
        check.response_time_ms for check in ordered if check.response_time_ms is not None
    )
    return Statistics(
        uptime_percent=_uptime(ordered),
        total_checks=len(ordered),
        healthy_checks=counts[Status.HEALTHY],
        degraded_checks=counts[Status.DEGRADED],
        unhealthy_checks=counts[Status.UNHEALTHY],
        average_response_time_ms=round(sum(times) / len(times), 1) if times else None,
        p95_response_time_ms=_percentile(times, 0.95),
    )


def _uptime(ordered: Sequence[Checked]) -> float | None:
    lasted: dict[str, timedelta] = defaultdict(timedelta)
    for check, following in pairwise(ordered):
        lasted[check.status] += min(following.checked_at - check.checked_at, LONGEST_SILENCE)
    lasted.pop(Status.UNKNOWN, None)
    observed = sum(lasted.values(), timedelta())
    if observed:
        down = lasted[Status.UNHEALTHY]
        return uptime.percent(observed.total_seconds(), down.total_seconds())
    # No time passed between them, or there is but one: each check counts alike.
    known = [check.status for check in ordered if check.status != Status.UNKNOWN]
    return uptime.percent(len(known), known.count(Status.UNHEALTHY)) if known else None


def _percentile(ordered: Sequence[int], share: float) -> float | None:
    """Interpolate like PostgreSQL's percentile_cont, so that pages and metrics agree."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return round(ordered[below] + (ordered[above] - ordered[below]) * (place - below), 1)


@contextmanager
def _known_months(rows: Sequence[HistoryRow]) -> Iterator[None]:
    try:
        # A COPY is raw psycopg: Django would not translate its errors.
        with connection.wrap_database_errors:
            yield
    except IntegrityError as error:
        if not _is_without_partition(error):
            raise
        months = {row.checked_at.astimezone(UTC).date().replace(day=1) for row in rows}
        raise MonthMissing(TABLE, months) from error


def _is_without_partition(error: IntegrityError) -> bool:
    # PostgreSQL has one code for both, but only a violated constraint has a name.
    cause = error.__cause__
    return isinstance(cause, CheckViolation) and cause.diag.constraint_name is None
