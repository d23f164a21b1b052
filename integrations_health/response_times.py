"""Read how quickly an integration answered, bucket by bucket."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from integrations_health.history import LONGEST_SILENCE, TABLE
from integrations_health.models import Integration
from integrations_health.windows import Span


class Range(NamedTuple):
    """A span of time that can be looked at, up to now, and how finely."""

    name: str
    words: str
    span: timedelta
    bucket: timedelta
    tick: timedelta

    def window(self, now: datetime) -> "Window":
        """Return the whole buckets that end with the one of `now`."""
        # The same instants for everybody, so that a bucket does not change while it ages.
        ends_at = _EPOCH + -(-(now - _EPOCH) // self.bucket) * self.bucket
        return Window(ends_at - self.span, ends_at, self.bucket)


class Window(NamedTuple):
    """The instants between which buckets lie, and how wide each is."""

    starts_at: datetime
    ends_at: datetime
    bucket: timedelta


class Bucket(NamedTuple):
    """The checks that began within a bucket; percentiles are None when nothing answered."""

    starts_at: datetime
    checks: int
    p50: float | None
    p95: float | None


_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

RANGES = {
    each.name: each
    for each in (
        Range("1h", "1 h", _HOUR, timedelta(minutes=1), timedelta(minutes=10)),
        Range("24h", "24 h", _DAY, timedelta(minutes=15), timedelta(hours=4)),
        Range("7d", "7 d", 7 * _DAY, timedelta(hours=2), _DAY),
        Range("30d", "30 d", 30 * _DAY, timedelta(hours=6), 5 * _DAY),
    )
}
DEFAULT = RANGES["24h"]

_OF_ONE = f"""
FROM {TABLE}
WHERE integration_id = %(integration_id)s AND user_id = %(user_id)s
    AND checked_at >= %(starts_at)s AND checked_at < %(ends_at)s
"""
_BUCKETS = f"""
SELECT date_bin(%(bucket)s, checked_at, %(starts_at)s) AS starts_at, count(*),
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY response_time_ms)
{_OF_ONE} GROUP BY 1 ORDER BY 1
"""
_P95 = f"SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY response_time_ms) {_OF_ONE}"


def read(watched: Integration, window: Window) -> list[Bucket]:
    """Return the buckets of a window that hold a check, oldest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BUCKETS, {**_of(watched), **window._asdict()})
        return [
            Bucket(starts_at, checks, *(percentiles or (None, None)))
            for starts_at, checks, percentiles in cursor.fetchall()
        ]


def p95(watched: Integration, *, starts_at: datetime, ends_at: datetime) -> float | None:
    """Return the 95th percentile of a time; None when nothing was measured. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_P95, {**_of(watched), "starts_at": starts_at, "ends_at": ends_at})
        row = cursor.fetchone()
    return None if row is None else row[0]


def runs(buckets: Sequence[Bucket], window: Window, gaps: Sequence[Span]) -> list[list[Bucket]]:
    """Return the measured buckets in runs: between two runs we do not know, or nothing answered.

    A check speaks until the next, two hours at most, and not through a time that nobody watched.
    """
    found: list[list[Bucket]] = []
    is_open = False
    for bucket in buckets:
        if bucket.p50 is None:
            is_open = False
            continue
        if is_open and _is_joined(found[-1][-1], bucket, window, gaps):
            found[-1].append(bucket)
        else:
            found.append([bucket])
        is_open = True
    return found


def _is_joined(before: Bucket, after: Bucket, window: Window, gaps: Sequence[Span]) -> bool:
    ended_at = before.starts_at + window.bucket
    is_unwatched = any(gap.start < after.starts_at and gap.end > ended_at for gap in gaps)
    return after.starts_at - ended_at <= LONGEST_SILENCE and not is_unwatched


def _of(watched: Integration) -> dict[str, Any]:
    return {"integration_id": watched.pk, "user_id": watched.user_id}
