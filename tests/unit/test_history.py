"""Some checks in numbers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.history import Statistics, statistics
from integrations_health.status import Status

NOON = datetime(2031, 3, 14, 12, tzinfo=UTC)


class Check(NamedTuple):
    status: str
    checked_at: datetime = NOON
    response_time_ms: int | None = 100


def every_five_minutes(*statuses: str) -> list[Check]:
    return [
        Check(status, NOON + number * timedelta(minutes=5))
        for number, status in enumerate(statuses)
    ]


checks = st.lists(
    st.builds(
        Check,
        st.sampled_from([status.value for status in Status]),
        st.integers(0, 500).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        st.none() | st.integers(0, 100_000),
    ),
    max_size=30,
)


def test_no_checks_are_no_numbers() -> None:
    assert statistics([]) == Statistics(None, 0, 0, 0, 0, None, None)


@pytest.mark.parametrize(
    ("status", "uptime"),
    [("healthy", 100.0), ("degraded", 100.0), ("unhealthy", 0.0), ("unknown", None)],
)
def test_a_single_check_speaks_for_all_the_time(status: str, uptime: float | None) -> None:
    numbers = statistics([Check(status)])

    assert numbers.uptime_percent == uptime
    assert numbers.total_checks == 1
    assert (numbers.average_response_time_ms, numbers.p95_response_time_ms) == (100.0, 100.0)


def test_checks_that_all_failed_are_no_uptime_and_no_latency() -> None:
    failed = [
        check._replace(response_time_ms=None) for check in every_five_minutes("unhealthy") * 9
    ]

    assert statistics(failed) == Statistics(0.0, 9, 0, 0, 9, None, None)


@pytest.mark.parametrize(
    ("statuses", "uptime"),
    [
        (["healthy", "healthy", "healthy"], 100.0),
        (["healthy", "unhealthy", "healthy"], 50.0),
        (["unhealthy", "degraded", "degraded", "healthy", "healthy"], 75.0),
        (["unknown", "unknown", "healthy", "unhealthy", "healthy"], 50.0),
        (["healthy", "unhealthy"], 100.0),
        (["unhealthy", "healthy"], 0.0),
    ],
)
def test_a_status_lasts_until_the_next_check(statuses: list[str], uptime: float) -> None:
    assert statistics(every_five_minutes(*statuses)).uptime_percent == uptime


def test_an_hour_of_failure_weighs_more_than_five_good_minutes() -> None:
    backing_off = [
        Check("unhealthy", NOON),
        Check("healthy", NOON + timedelta(minutes=60)),
        Check("healthy", NOON + timedelta(minutes=75)),
    ]

    assert statistics(backing_off).uptime_percent == 20.0


def test_no_check_speaks_for_more_than_two_hours() -> None:
    interrupted = [
        Check("unhealthy", NOON),
        Check("healthy", NOON + timedelta(days=9)),
        Check("healthy", NOON + timedelta(days=18)),
    ]

    assert statistics(interrupted).uptime_percent == 50.0


def test_the_95th_percentile_is_interpolated_like_postgresql_does() -> None:
    timed = [Check("healthy", NOON, ms) for ms in (400, 100, 300, 200)]

    numbers = statistics(timed)

    assert numbers.average_response_time_ms == 250.0
    assert numbers.p95_response_time_ms == 385.0


@given(checks, st.randoms(use_true_random=False))
def test_the_order_of_checks_does_not_matter(some: list[Check], random: Random) -> None:
    moments = {check.checked_at: check for check in some}
    distinct = list(moments.values())
    shuffled = list(distinct)
    random.shuffle(shuffled)

    assert statistics(shuffled) == statistics(distinct)


@given(checks)
def test_numbers_stay_within_what_they_count(some: Sequence[Check]) -> None:
    numbers = statistics(some)

    assert numbers.uptime_percent is None or 0 <= numbers.uptime_percent <= 100
    known = numbers.healthy_checks + numbers.degraded_checks + numbers.unhealthy_checks
    assert known <= numbers.total_checks == len(some)
    times = [check.response_time_ms for check in some if check.response_time_ms is not None]
    if times:
        assert numbers.p95_response_time_ms is not None
        assert min(times) <= numbers.p95_response_time_ms <= max(times)
