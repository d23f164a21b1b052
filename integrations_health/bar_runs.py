"""Read which status many integrations had, and for how long, in at most two statements.

Almost all of them have had one status all day, and a check every hour at least. That is told by a
sum over their checks, at half the cost of looking at each beside the one before; only the others
are looked at in that way.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from integrations_health.bars import Run
from integrations_health.history import LONGEST_SILENCE

# Two checks in neighbouring hours of this length are never too far apart.
_HOUR = LONGEST_SILENCE / 2
# A bit for each hour: what was heard is one number.
_MOST_HOURS = 62
_ALL = """
SELECT integration_id, min(status), max(status), min(checked_at), max(checked_at),
    bit_or(1::bigint << (date_part('epoch', checked_at - %(since)s) / %(hour)s)::int),
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY response_time_ms)
        FILTER (WHERE checked_at >= %(measured_from)s))::int
FROM integration_health_history
WHERE integration_id = ANY(%(integrations)s) AND user_id = ANY(%(owners)s)
    AND checked_at >= %(since)s AND checked_at <= %(until)s
GROUP BY integration_id
"""
# Checks of one status in a row are one run, unless nothing was heard for too long between them.
# Only the first check of each run, and the last of all, are worth sending.
_RUNS = """
SELECT integration_id, status, checked_at, before_at, is_first, is_last
FROM (
    SELECT integration_id, status, checked_at, before_at,
        status IS DISTINCT FROM before OR checked_at - before_at > %(longest_silence)s AS is_first,
        after IS NULL AS is_last
    FROM (
        SELECT integration_id, status, checked_at,
            LAG(status) OVER in_order AS before, LAG(checked_at) OVER in_order AS before_at,
            LEAD(checked_at) OVER in_order AS after
        FROM integration_health_history
        WHERE integration_id = ANY(%(integrations)s) AND user_id = ANY(%(owners)s)
            AND checked_at >= %(since)s AND checked_at <= %(until)s
        WINDOW in_order AS (PARTITION BY integration_id ORDER BY checked_at, id)
    ) AS checks
) AS marked
WHERE is_first OR is_last ORDER BY integration_id, checked_at
"""


class Whom(NamedTuple):
    """Whose checks are read, and who may own them."""

    integrations: list[UUID]
    owners: list[UUID]


class Past(NamedTuple):
    """The runs of an integration, in order of time, and the p95 of its response times."""

    runs: Sequence[Run]
    p95_ms: int | None


def read(
    whom: Whom, *, since: datetime, until: datetime, measured_from: datetime | None = None
) -> dict[UUID, Past]:
    """Return what the history says of each integration that has any, over 62 hours at most.

    Response times count from `measured_from` on; without it none do.
    """
    if until - since >= _MOST_HOURS * _HOUR:
        raise ValueError(f"{until - since} are too long")
    asked: dict[str, Any] = {
        **whom._asdict(),
        "since": since,
        "until": until,
        "hour": _HOUR.total_seconds(),
        "measured_from": measured_from,
        "longest_silence": LONGEST_SILENCE,
    }
    found: dict[UUID, Past] = {}
    restless: dict[UUID, int | None] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ALL, asked)
        for id, status, other, first, last, heard, p95 in cursor.fetchall():
            if status == other and _is_unbroken(heard):
                found[id] = Past([Run(status, first, last)], p95)
            else:
                restless[id] = p95
        if restless:
            cursor.execute(_RUNS, {**asked, "integrations": list(restless)})
            for id, runs in _runs(cursor.fetchall()).items():
                found[id] = Past(runs, restless[id])
    return found


def _is_unbroken(heard: int) -> bool:
    """Say whether there is a check in each hour from the first to the last that has one."""
    hours = heard // (heard & -heard)
    return hours & (hours + 1) == 0


def _runs(
    rows: Sequence[tuple[UUID, str, datetime, datetime, bool, bool]],
) -> dict[UUID, list[Run]]:
    runs: dict[UUID, list[Run]] = {}
    for id, status, checked_at, before_at, is_first, is_last in rows:
        found = runs.setdefault(id, [])
        if is_first:
            if found:
                found[-1] = found[-1]._replace(last=before_at)
            found.append(Run(status, checked_at, checked_at))
        if is_last:
            found[-1] = found[-1]._replace(last=checked_at)
    return runs
