"""Notice that we did not watch for a while, say so, and spread what piled up."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from integrations_health import budget
from integrations_health.claim_sql import IS_FREE

logger = logging.getLogger(__name__)

HEARTBEAT = "schedule"
# Twice the usual interval: a shorter pause makes nobody's status older than it often is.
LONGEST_PAUSE = timedelta(minutes=10)
CHUNK = 5_000
# What is not healthy comes first, in this part of the time.
FIRST_PART = 0.1


def follow_heartbeat(*, now: datetime | None = None) -> timedelta | None:
    """Note that the schedule is being looked at; return the gap when we come back from one.

    After a gap every overdue check is moved to a random instant ahead, within the time that the
    provider's budget needs for all of them, those that are not healthy within its first tenth. A
    gap is a row: nothing is said about anybody's health in it. Any number of processes may call
    this at once; `now` replaces the database's clock in tests.
    """
    gap = _beat(now=now)
    if gap is None:
        return None
    logger.warning("schedule.gap_ended", extra={"seconds": round(gap.total_seconds())})
    for provider, count in _overdue(now=now).items():
        window = timedelta(seconds=count / budget.checks_per_second(provider))
        while _spread(provider, over=window, now=now) == CHUNK:
            pass
    return gap


@transaction.atomic
def _beat(*, now: datetime | None) -> timedelta | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitor_heartbeats (name, beaten_at) VALUES (%s, COALESCE(%s, now()))"
            " ON CONFLICT DO NOTHING",
            [HEARTBEAT, now],
        )
        cursor.execute(
            "SELECT beaten_at, COALESCE(%s, now()) FROM monitor_heartbeats WHERE name = %s"
            " FOR UPDATE",
            [now, HEARTBEAT],
        )
        row = cursor.fetchone()
        assert row is not None
        beaten_at, current = row
        if current > beaten_at:
            cursor.execute(
                "UPDATE monitor_heartbeats SET beaten_at = %s WHERE name = %s", [current, HEARTBEAT]
            )
        if current - beaten_at <= LONGEST_PAUSE:
            return None
        cursor.execute(
            "INSERT INTO monitoring_gaps (started_at, ended_at) VALUES (%s, %s)",
            [beaten_at, current],
        )
    return timedelta(seconds=(current - beaten_at).total_seconds())


def _overdue(*, now: datetime | None) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT provider, count(*) FROM integration_health_checks"
            " WHERE provider = ANY(%s) AND enabled AND next_check_at <= COALESCE(%s, now())"
            " GROUP BY provider",
            [list(settings.PROVIDERS), now],
        )
        return dict(cursor.fetchall())


def _spread(provider: str, *, over: timedelta, now: datetime | None) -> int:
    arguments: dict[str, Any] = {
        "now": now,
        "over": over,
        "first_part": FIRST_PART,
        "provider": provider,
        "chunk": CHUNK,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            -- A common table expression, not a subquery: a plan may run a subquery twice, and its
            -- LIMIT with it.
            WITH overdue AS MATERIALIZED (
                SELECT h.integration_id FROM integration_health_checks h
                WHERE h.provider = %(provider)s AND h.enabled
                    AND h.next_check_at <= COALESCE(%(now)s, now())
                    AND {IS_FREE.format(now="COALESCE(%(now)s, now())")}
                ORDER BY h.integration_id LIMIT %(chunk)s FOR UPDATE SKIP LOCKED
            )
            UPDATE integration_health_checks h
            SET next_check_at = COALESCE(%(now)s, clock_timestamp())
                + interval '1 second' + random() * %(over)s
                * CASE WHEN h.status = 'healthy' THEN 1 ELSE %(first_part)s END
            FROM overdue
            WHERE h.integration_id = overdue.integration_id
            """,
            arguments,
        )
        return int(cursor.rowcount)
