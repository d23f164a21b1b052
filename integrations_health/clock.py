"""What time it is, asked of the only clock that all processes share."""

from datetime import UTC, date, datetime

from django.db import connection


def now() -> datetime:
    """Return the database's time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    at: datetime = row[0]
    return at


def today() -> date:
    """Return the database's day in UTC: a worker whose own clock is wrong must drop no month."""
    return now().astimezone(UTC).date()
