"""Say how those are who were checked within the last hour, by service and status.

Every integration counts once, by its last check: one that fails is checked up to twelve times less
often than one that works, and would hardly be seen among all checks of an hour. All rows are read
for it, so it is reckoned once a minute, however many ask, and kept.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from integrations_health.check_counts import OTHER
from integrations_health.status import Status

WINDOW = timedelta(hours=1)
# A little less than a minute: who looks each 15 seconds comes a little early, or a little late.
GOOD_FOR = timedelta(seconds=55)
# Services that have a name of their own in what Prometheus is told: those with the most
# integrations. Each may come to 57 series, and all that is told is less than 2,000.
MOST_SERVICES = 15
# What a name looks like: people choose it, and it could be an address or an id. At most five words
# of letters, each with at most four digits.
NAME = "^[a-z]+[0-9]{0,4}([_-][a-z]*[0-9]{0,4}){0,4}$"
HEARTBEAT = "recent checks"
_LOCK = 0x686F7572  # "hour"

# What was reckoned by a clock that was set back since is not good until that time comes again.
_IS_DUE = """
SELECT pg_try_advisory_xact_lock(%(lock)s) AND NOT EXISTS (
    SELECT FROM monitor_heartbeats
    WHERE name = %(heartbeat)s AND beaten_at > COALESCE(%(now)s, now()) - %(good_for)s
        AND beaten_at < COALESCE(%(now)s, now()) + %(good_for)s
)
"""
_BEAT = """
INSERT INTO monitor_heartbeats (name, beaten_at) VALUES (%(heartbeat)s, COALESCE(%(now)s, now()))
ON CONFLICT (name) DO UPDATE SET beaten_at = EXCLUDED.beaten_at
"""
# One look at all rows; only what services without a name come to together needs another.
_RECKON = """
WITH counted AS MATERIALIZED (
    -- In the plain order of bytes, in which to sort is quickest.
    SELECT service COLLATE "C" AS service, status COLLATE "C" AS status, count(*) AS rows,
        {numbers}
    FROM integration_health_checks h GROUP BY 1, 2
), named AS (
    SELECT service FROM counted
    GROUP BY service HAVING service ~ %(name)s
    ORDER BY sum(rows) DESC, service LIMIT %(most)s
), checked AS (
    SELECT service, status, checks, average_ms, p95_ms FROM counted
    WHERE service IN (SELECT service FROM named)
    UNION ALL
    SELECT %(other)s, status, {numbers}
    FROM integration_health_checks h
    WHERE EXISTS (SELECT FROM counted WHERE service NOT IN (SELECT service FROM named))
        AND service NOT IN (SELECT service FROM named)
    GROUP BY status
)
INSERT INTO recent_checks (service, status, checks, average_ms, p95_ms)
SELECT service, status, COALESCE(checks, 0), average_ms, p95_ms
FROM (SELECT DISTINCT service FROM checked) AS shown
CROSS JOIN unnest(%(statuses)s::text[]) AS status LEFT JOIN checked USING (service, status)
""".format(
    numbers="""
        count(*) FILTER (WHERE {recent}) AS checks,
        avg(h.response_time_ms) FILTER (WHERE {recent}) AS average_ms,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY h.response_time_ms)
            FILTER (WHERE {recent}) AS p95_ms
    """.format(recent="h.last_check_at > COALESCE(%(now)s, now()) - %(window)s")
)
_READ = "SELECT service, status, checks, average_ms, p95_ms FROM recent_checks ORDER BY 1, 2"
_AGE = """
SELECT GREATEST(COALESCE(%s, clock_timestamp()) - beaten_at, interval '0')
FROM monitor_heartbeats WHERE name = %s
"""


class Recent(NamedTuple):
    """How many integrations of a service have a status; the times of their last checks."""

    service: str
    status: str
    checks: int
    average_ms: float | None
    p95_ms: float | None


@transaction.atomic
def reckon(*, now: datetime | None = None) -> bool:
    """Reckon anew, unless that was done within a minute or somebody is at it; say whether it was.

    `now` replaces the database's clock in tests.
    """
    arguments: dict[str, Any] = {
        "lock": _LOCK,
        "heartbeat": HEARTBEAT,
        "good_for": GOOD_FOR,
        "now": now,
        "window": WINDOW,
        "name": NAME,
        "most": MOST_SERVICES,
        "other": OTHER,
        "statuses": [status.value for status in Status],
    }
    with connection.cursor() as cursor:
        cursor.execute(_IS_DUE, arguments)
        row = cursor.fetchone()
        if row is None or not row[0]:
            return False
        cursor.execute("DELETE FROM recent_checks")
        cursor.execute(_RECKON, arguments)
        cursor.execute(_BEAT, arguments)
    return True


def read() -> list[Recent]:
    """Return what was reckoned last."""
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        return [Recent._make(row) for row in cursor.fetchall()]


def age(*, now: datetime | None = None) -> timedelta | None:
    """Return how long ago that was; None when it never was."""
    arguments: list[Any] = [now, HEARTBEAT]
    with connection.cursor() as cursor:
        cursor.execute(_AGE, arguments)
        row = cursor.fetchone()
    return row[0] if row else None
