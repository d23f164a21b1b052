"""One manual check per integration and minute: the row itself is the limit."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection


def left_of(taken_at: datetime | None, *, now: datetime) -> timedelta:
    """Return how long a turn still keeps others off, a minute at most; zero when it does not."""
    if taken_at is None:
        return timedelta()
    # `now` may be another clock's, or of a statement that began before the turn was taken.
    left = taken_at + settings.MANUAL_CHECK_EVERY - now
    return min(max(left, timedelta()), settings.MANUAL_CHECK_EVERY)


def held_for(integration_id: UUID, *, now: datetime | None = None) -> timedelta:
    """Return how long nobody may have the integration checked by hand; zero when anybody may.

    `now` replaces the database's clock in tests, here and below.
    """
    row = _row(
        """
        SELECT h.manual_at, COALESCE(%(now)s, now())
        FROM integration_health_checks h WHERE h.integration_id = %(integration_id)s
        """,
        integration_id,
        now=now,
    )
    return left_of(row[0], now=row[1]) if row else timedelta()


def take(integration_id: UUID, *, now: datetime | None = None) -> datetime | None:
    """Take the right to one manual check; of any number at once, one gets it.

    Returns what `give_back` wants to know, None when somebody else has it.
    """
    # PostgreSQL looks at the condition again when it had to wait for another taker.
    row = _row(
        """
        UPDATE integration_health_checks h SET manual_at = COALESCE(%(now)s, now())
        WHERE h.integration_id = %(integration_id)s
            AND (h.manual_at IS NULL OR h.manual_at <= COALESCE(%(now)s, now()) - %(every)s)
        RETURNING h.manual_at
        """,
        integration_id,
        now=now,
    )
    return row[0] if row else None


def give_back(integration_id: UUID, taken_at: datetime | None) -> None:
    """Undo `take`, unless somebody took it since, or nothing was taken."""
    if taken_at is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE integration_health_checks SET manual_at = NULL
            WHERE integration_id = %s AND manual_at = %s
            """,
            [integration_id, taken_at],
        )


def _row(sql: str, integration_id: UUID, *, now: datetime | None) -> tuple[Any, ...] | None:
    arguments: dict[str, Any] = {
        "integration_id": integration_id,
        "every": settings.MANUAL_CHECK_EVERY,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row
