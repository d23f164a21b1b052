"""Say whether we ourselves are on time, from a few rows however large the tables are."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection

from integrations_health import partitions
from integrations_health.catch_up import HEARTBEAT
from integrations_health.claim_sql import IS_FREE

# What is counted, is counted so far: more than that is too much anyway.
MOST_COUNTED = 10_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How one provider's checks keep up, and what it still lets us ask.

    `overdue` is MOST_COUNTED when there are more; `oldest_due_at` is None when nothing is due.
    """

    provider: str
    overdue: int
    oldest_due_at: datetime | None
    calls_per_minute: int | None
    remaining: int | None
    remaining_at: datetime | None
    blocked_until: datetime | None

    def lag(self, now: datetime) -> timedelta:
        """Return how late the oldest due check is."""
        return max(now - self.oldest_due_at, timedelta()) if self.oldest_due_at else timedelta()


def paces(*, now: datetime | None = None) -> list[Pace]:
    """Return how each provider's checks keep up: one statement, read from the index of what is due.

    What a worker has in its hands is not late. `now` replaces the database's clock in tests.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT p.provider, due.count, due.oldest, b.calls_per_minute, b.remaining,
                b.remaining_at, b.blocked_until
            FROM unnest(%(providers)s::text[]) AS p(provider)
            LEFT JOIN provider_budgets b ON b.provider = p.provider,
            LATERAL (
                SELECT count(*), min(found.next_check_at) AS oldest FROM (
                    SELECT h.next_check_at FROM integration_health_checks h
                    WHERE h.provider = p.provider AND h.enabled
                        AND h.next_check_at <= COALESCE(%(now)s, now())
                        AND {IS_FREE.format(now="COALESCE(%(now)s, now())")}
                    ORDER BY h.next_check_at LIMIT %(most)s
                ) AS found
            ) AS due
            """,
            {"providers": list(settings.PROVIDERS), "now": now, "most": MOST_COUNTED},
        )
        names = ("provider", "overdue", "oldest_due_at", "calls_per_minute", "remaining",
                 "remaining_at", "blocked_until")  # fmt: skip
        return [Pace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def beaten_at() -> datetime | None:
    """Return when the schedule was last looked at; None when it never was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT beaten_at FROM monitor_heartbeats WHERE name = %s", [HEARTBEAT])
        row = cursor.fetchone()
    return row[0] if row else None


def ready_until(*, now: datetime | None = None) -> dict[str, date]:
    """Return for each table of the past the first day that it has no place for."""
    return {table: partitions.ready_until(table, now=now) for table in partitions.TABLES}
