"""Roll each UTC day of history up to one row per integration."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Min

from integrations_health import partitions, provider_days
from integrations_health.history import LONGEST_SILENCE
from integrations_health.models import DailyHealth, HealthHistory, Integration, RolledUpDay
from integrations_health.spans_sql import GAPS, SECONDS

# At a check every five minutes one statement reads about 300,000 rows.
INTEGRATIONS_AT_ONCE = 1000
# Checks that could not be recorded in time are expected within this time after the day's end.
FINAL_AFTER = timedelta(days=1)
# Well before a task's limit: so long again may the statement take that is begun last. A day of
# 300,000 integrations takes about ten such runs.
WITHIN = timedelta(seconds=50)
_BEGINNING = UUID(int=0)

_ROLL_UP = f"""
WITH {GAPS}, checks AS (
    SELECT integration_id, status, outcome, response_time_ms,
        checked_at >= %(starts)s AS is_of_the_day,
        GREATEST(checked_at, %(starts)s) AS began_at,
        -- Until the next check, but not beyond what one check can vouch for.
        LEAST(
            LEAD(checked_at) OVER (PARTITION BY integration_id ORDER BY checked_at, id),
            checked_at + %(longest_silence)s, %(ends)s
        ) AS ended_at
    FROM integration_health_history
    WHERE integration_id = ANY(%(integrations)s)
        -- The last check before midnight speaks for the beginning of the day.
        AND checked_at >= %(starts)s - %(longest_silence)s AND checked_at < %(ends)s
), spans AS (
    SELECT *, {SECONDS} AS seconds FROM checks, gaps
)
INSERT INTO integration_health_daily (
    integration_id, user_id, service, day,
    checks, healthy_checks, degraded_checks, unhealthy_checks,
    observed_seconds, downtime_seconds, degraded_seconds, outage_seconds, impaired_seconds,
    p50_ms, p95_ms
)
SELECT i.id, i.user_id, i.service, %(day)s,
    count(*) FILTER (WHERE is_of_the_day),
    count(*) FILTER (WHERE is_of_the_day AND status = 'healthy'),
    count(*) FILTER (WHERE is_of_the_day AND status = 'degraded'),
    count(*) FILTER (WHERE is_of_the_day AND status = 'unhealthy'),
    floor(COALESCE(sum(seconds) FILTER (WHERE status <> 'unknown'), 0)),
    floor(COALESCE(sum(seconds) FILTER (WHERE status = 'unhealthy'), 0)),
    floor(COALESCE(sum(seconds) FILTER (WHERE status = 'degraded'), 0)),
    floor(COALESCE(sum(seconds) FILTER (
        WHERE status = 'unhealthy' AND outcome = ANY(%(not_the_users)s)), 0)),
    floor(COALESCE(sum(seconds) FILTER (
        WHERE status = 'degraded' AND outcome = ANY(%(not_the_users)s)), 0)),
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY response_time_ms)
        FILTER (WHERE is_of_the_day)),
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY response_time_ms)
        FILTER (WHERE is_of_the_day))
FROM spans JOIN user_integrations i ON i.id = spans.integration_id
GROUP BY i.id
HAVING bool_or(is_of_the_day) OR sum(seconds) > 0
ORDER BY i.id
ON CONFLICT (integration_id, day) DO UPDATE SET
    checks = EXCLUDED.checks, healthy_checks = EXCLUDED.healthy_checks,
    degraded_checks = EXCLUDED.degraded_checks, unhealthy_checks = EXCLUDED.unhealthy_checks,
    observed_seconds = EXCLUDED.observed_seconds, downtime_seconds = EXCLUDED.downtime_seconds,
    degraded_seconds = EXCLUDED.degraded_seconds, outage_seconds = EXCLUDED.outage_seconds,
    impaired_seconds = EXCLUDED.impaired_seconds, p50_ms = EXCLUDED.p50_ms, p95_ms = EXCLUDED.p95_ms
"""


class Unfinished(Exception):
    """The time was up: of `day` all is rolled up until the integration `after`."""

    def __init__(self, day: date, after: UUID) -> None:
        super().__init__(f"{day} after {after}")
        self.day = day
        self.after = after


def roll_up(day: date, *, after: UUID = _BEGINNING, ends_at: float = float("inf")) -> None:
    """Roll up one UTC day, anew where it was rolled up before, a thousand integrations at a time.

    A status lasts until the next check, at most two hours, and not through a MonitoringGap; the
    last check of the day before lasts into this one. Begins behind the integration `after`. Raises
    Unfinished when more is left at the instant `ends_at` of the monotonic clock.
    """
    partitions.ensure(DailyHealth._meta.db_table, partitions.month_of(day))
    starts = datetime(day.year, day.month, day.day, tzinfo=UTC)
    limits: dict[str, Any] = {
        "day": day,
        "starts": starts,
        "ends": starts + timedelta(days=1),
        "longest_silence": LONGEST_SILENCE,
        "not_the_users": list(provider_days.NOT_THE_USERS),
    }
    for integrations in _integrations(after):
        with connection.cursor() as cursor:
            cursor.execute(_ROLL_UP, {**limits, "integrations": integrations})
        if time.monotonic() >= ends_at:
            raise Unfinished(day, integrations[-1])
    provider_days.add_up(day)


def roll_up_missing(
    today: date, *, rest: Unfinished | None = None, within: timedelta = WITHIN
) -> list[date]:
    """Roll up every day before `today` that is not yet, oldest first; return these days.

    A day is rolled up when it is over and, for good, a day later. Raises Unfinished when more is
    left `within` that time; handed back as `rest`, it goes on from there.
    """
    ends_at = time.monotonic() + within.total_seconds()
    days = _missing(today)
    for day in days:
        after = rest.after if rest is not None and rest.day == day else _BEGINNING
        roll_up(day, after=after, ends_at=ends_at)
        RolledUpDay.objects.update_or_create(
            day=day, defaults={"is_final": day + FINAL_AFTER < today}
        )
    return days


def _missing(today: date) -> list[date]:
    known = dict(RolledUpDay.objects.values_list("day", "is_final"))
    first = min(known, default=None) or _first_day()
    if first is None:
        return []
    days = (first + timedelta(days=number) for number in range((today - first).days))
    return [day for day in days if not known.get(day, False) and not _waits(day, known, today)]


def _waits(day: date, known: dict[date, bool], today: date) -> bool:
    return day in known and day + FINAL_AFTER >= today


def _first_day() -> date | None:
    first = HealthHistory.objects.aggregate(first=Min("checked_at"))["first"]
    return first.astimezone(UTC).date() if first else None


def _integrations(after: UUID) -> Iterator[list[UUID]]:
    while True:
        ids = list(
            Integration.objects.filter(id__gt=after)
            .order_by("id")
            .values_list("id", flat=True)[:INTEGRATIONS_AT_ONCE]
        )
        if not ids:
            return
        yield ids
        after = ids[-1]
