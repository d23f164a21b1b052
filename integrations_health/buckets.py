"""One integration's past by the hour or by the day, in numbers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db import connection
from django.db.models import Max

from integrations_health import uptime
from integrations_health.access import Caller
from integrations_health.history import LONGEST_SILENCE
from integrations_health.models import DailyHealth, RolledUpDay
from integrations_health.spans_sql import GAPS, SECONDS


class Unit(StrEnum):
    """How long a bucket is; they begin at whole hours and midnights of UTC."""

    HOUR = "hour"
    DAY = "day"

    @property
    def width(self) -> timedelta:
        """Return the length of a bucket."""
        return timedelta(hours=1) if self is Unit.HOUR else timedelta(days=1)

    def start_of(self, at: datetime) -> datetime:
        """Return the beginning of the bucket that holds an instant."""
        midnight = datetime.combine(at.astimezone(UTC).date(), time.min, tzinfo=UTC)
        return midnight + (at - midnight) // self.width * self.width


class Bucket(NamedTuple):
    """The checks of an hour or a day, and how its time went, as far as we know."""

    starts_at: datetime
    total_checks: int
    healthy_checks: int
    degraded_checks: int
    unhealthy_checks: int
    observed_seconds: float
    downtime_seconds: float
    p50_ms: int | None
    p95_ms: int | None

    @property
    def uptime_percent(self) -> float | None:
        """The part of the observed time that was not unhealthy; of the checks, when none passed."""
        whole, bad = self.observed_seconds, self.downtime_seconds
        if not whole:
            bad = self.unhealthy_checks
            whole = self.healthy_checks + self.degraded_checks + bad
        return uptime.percent(whole, bad) if whole else None


_READ = f"""
WITH {GAPS}, checks AS (
    SELECT status, response_time_ms, checked_at,
        -- Until the next check, but not beyond what one check can vouch for, and not beyond now.
        LEAST(
            LEAD(checked_at) OVER (ORDER BY checked_at, id),
            checked_at + %(longest_silence)s, %(ends)s, %(now)s
        ) AS lasted_until
    FROM integration_health_history
    WHERE integration_id = %(integration_id)s AND user_id = %(user_id)s
        -- The last check before the range speaks for its beginning.
        AND checked_at >= %(starts)s - %(longest_silence)s AND checked_at < %(ends)s
), pieces AS (
    -- A status that lasts over the end of a bucket has a piece in each.
    SELECT starts_at, status, response_time_ms,
        checked_at >= starts_at AS is_within,
        GREATEST(checked_at, starts_at) AS began_at,
        LEAST(lasted_until, starts_at + %(width)s) AS ended_at
    FROM checks, generate_series(
        date_trunc(%(unit)s, checked_at, 'UTC'),
        GREATEST(checked_at, lasted_until - interval '1 microsecond'),
        %(width)s
    ) AS starts_at
), spans AS (
    SELECT *, {SECONDS} AS seconds FROM pieces, gaps WHERE starts_at >= %(starts)s
)
SELECT starts_at,
    count(*) FILTER (WHERE is_within),
    count(*) FILTER (WHERE is_within AND status = 'healthy'),
    count(*) FILTER (WHERE is_within AND status = 'degraded'),
    count(*) FILTER (WHERE is_within AND status = 'unhealthy'),
    COALESCE(sum(seconds) FILTER (WHERE status <> 'unknown'), 0)::float,
    COALESCE(sum(seconds) FILTER (WHERE status = 'unhealthy'), 0)::float,
    round(percentile_cont(0.5) WITHIN GROUP (ORDER BY response_time_ms) FILTER (WHERE is_within))
        ::int,
    round(percentile_cont(0.95) WITHIN GROUP (ORDER BY response_time_ms) FILTER (WHERE is_within))
        ::int
FROM spans
GROUP BY starts_at HAVING bool_or(is_within) OR sum(seconds) > 0
ORDER BY starts_at DESC
"""
_OF_A_DAY = (
    *("day", "checks", "healthy_checks", "degraded_checks", "unhealthy_checks"),
    *("observed_seconds", "downtime_seconds", "p50_ms", "p95_ms"),
)


def read(
    caller: Caller,
    integration_id: UUID,
    user_id: UUID,
    *,
    unit: Unit,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> list[Bucket]:
    """Return the buckets from `starts_at` up to `ends_at`, the newest first.

    Both are beginnings of buckets. A bucket of which nothing is known is left out: a gap is a gap.
    `integration_id` is one that `caller` may see, and `user_id` its owner.
    """
    if unit is Unit.HOUR:
        return _of_checks(integration_id, user_id, unit, starts_at, ends_at, now)
    first_live = max(_first_day_not_rolled_up(), starts_at)
    live = _of_checks(integration_id, user_id, unit, first_live, ends_at, now)
    days = (
        DailyHealth.objects.visible_to(caller)
        .filter(integration_id=integration_id, user_id=user_id)
        .filter(day__gte=starts_at.date(), day__lt=min(first_live, ends_at).date())
        .order_by("-day")
        .values_list(*_OF_A_DAY)
    )
    rolled = cast(Sequence[tuple[Any, ...]], days)
    return [*live, *(Bucket(_midnight(row[0]), *row[1:]) for row in rolled)]


def _of_checks(
    integration_id: UUID,
    user_id: UUID,
    unit: Unit,
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
) -> list[Bucket]:
    if starts_at >= ends_at:
        return []
    arguments: dict[str, Any] = {
        "integration_id": integration_id,
        "user_id": user_id,
        "unit": unit.value,
        "width": unit.width,
        "starts": starts_at,
        "ends": ends_at,
        "now": now,
        "longest_silence": LONGEST_SILENCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ, arguments)
        return [Bucket(*row) for row in cursor.fetchall()]


def _first_day_not_rolled_up() -> datetime:
    last: date | None = RolledUpDay.objects.aggregate(last=Max("day"))["last"]
    return datetime.min.replace(tzinfo=UTC) if last is None else _midnight(last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
