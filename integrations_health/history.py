"""Append finished checks to the history, and read it back."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection
from psycopg.errors import CheckViolation

from integrations_health.models import HealthHistory

TABLE = HealthHistory._meta.db_table


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
ON CONFLICT DO NOTHING
"""


def append(rows: Sequence[HistoryRow]) -> None:
    """Add new rows in one COPY. Raises MonthMissing when a month has no partition."""
    if not rows:
        return
    with _known_months(rows), connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row)


def append_late(rows: Sequence[HistoryRow]) -> None:
    """Add rows of which some may be there already. Raises MonthMissing like `append`."""
    if not rows:
        return
    with _known_months(rows), connection.cursor() as cursor:
        cursor.execute(_INSERT_LATE, [list(column) for column in zip(*rows, strict=True)])


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
