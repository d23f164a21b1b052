"""How quickly an integration answered, read from real history."""

from datetime import datetime, timedelta
from statistics import quantiles

import pytest

from integrations_health import history, response_times
from integrations_health.response_times import RANGES, Bucket
from integrations_health.windows import Span
from tests import factories

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DAY = RANGES["24h"]


def test_checks_of_a_bucket_are_counted_and_measured(now: datetime) -> None:
    watched = factories.integration()
    window = DAY.window(now)
    start = window.starts_at + 4 * window.bucket
    times = [100, 200, 400, None]
    for number, time in enumerate(times):
        factories.history(watched, checked_at=start + number * MINUTE, response_time_ms=time)

    assert response_times.read(watched, window) == [Bucket(start, 4, 200.0, 380.0)]


def test_percentiles_are_those_of_the_statistics(now: datetime) -> None:
    watched = factories.integration()
    start = DAY.window(now).starts_at
    checks = [
        factories.history(
            watched,
            checked_at=start + second * timedelta(seconds=1),
            response_time_ms=second * second,
        )
        for second in range(37)
    ]

    found = response_times.read(watched, DAY.window(now))

    assert found[0].p95 == pytest.approx(history.statistics(checks).p95_response_time_ms)
    assert found[0].p50 == quantiles([second * second for second in range(37)], n=2)[0]


def test_checks_that_nothing_answered_are_counted_but_not_measured(now: datetime) -> None:
    watched = factories.integration()
    at = now - timedelta(hours=1)
    factories.history(watched, checked_at=at, response_time_ms=None, status="degraded")

    [bucket] = response_times.read(watched, DAY.window(now))

    assert (bucket.checks, bucket.p50, bucket.p95) == (1, None, None)


@pytest.mark.parametrize("range", RANGES.values(), ids=RANGES)
def test_a_range_ends_with_the_bucket_of_now_and_holds_whole_buckets(range, now) -> None:
    watched = factories.integration()
    window = range.window(now)
    factories.history(watched, checked_at=now)
    factories.history(watched, checked_at=window.starts_at)
    factories.history(watched, checked_at=window.starts_at - timedelta(microseconds=1))

    found = response_times.read(watched, window)

    assert window.ends_at - window.bucket <= now < window.ends_at
    assert window.ends_at - window.starts_at == range.span
    assert [bucket.starts_at for bucket in found] == [
        window.starts_at,
        window.ends_at - window.bucket,
    ]


def test_what_another_user_was_told_is_not_read(now: datetime) -> None:
    watched, stranger = factories.integration(), factories.user()
    factories.history(watched, checked_at=now - MINUTE, user_id=stranger.pk)

    assert response_times.read(watched, DAY.window(now)) == []
    assert response_times.p95(watched, starts_at=now - DAY.span, ends_at=now) is None


def test_the_percentile_of_a_time_is_over_all_of_its_checks(now: datetime) -> None:
    watched = factories.integration()
    for hours, time in [(1, 100), (2, 200), (25, 9000)]:
        factories.history(watched, checked_at=now - timedelta(hours=hours), response_time_ms=time)

    assert response_times.p95(watched, starts_at=now - DAY.span, ends_at=now) == 195.0


def a_bucket(now: datetime, minutes: int, time: float | None = 100.0) -> Bucket:
    return Bucket(now - minutes * MINUTE, 1, time, time)


def runs(now: datetime, *buckets: Bucket, gaps: tuple[Span, ...] = ()) -> list[int]:
    """Return how many buckets are in each run."""
    return list(map(len, response_times.runs(buckets, DAY.window(now), gaps)))


def test_a_check_speaks_for_two_hours(now: datetime) -> None:
    assert runs(now, a_bucket(now, 135), a_bucket(now, 0)) == [2]
    assert runs(now, a_bucket(now, 136), a_bucket(now, 0)) == [1, 1]


def test_a_check_that_nothing_answered_opens_the_line(now: datetime) -> None:
    assert runs(now, a_bucket(now, 30), a_bucket(now, 15, None), a_bucket(now, 0)) == [1, 1]


def test_a_time_that_nobody_watched_opens_the_line(now: datetime) -> None:
    gap = Span(now - 40 * MINUTE, now - 20 * MINUTE)

    assert runs(now, a_bucket(now, 60), a_bucket(now, 0), gaps=(gap,)) == [1, 1]
    assert runs(now, a_bucket(now, 15), a_bucket(now, 0), gaps=(gap,)) == [2]


def test_nothing_measured_is_no_run(now: datetime) -> None:
    assert runs(now) == []
    assert runs(now, a_bucket(now, 0, None)) == []
