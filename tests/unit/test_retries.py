"""When a message is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import retries


def test_the_delays_are_those_that_were_promised() -> None:
    delays = [retries.delay(attempts, jitter=0) for attempts in range(1, 11)]

    hours = [2, 5, 10, 14, 20, 24]
    assert delays == [
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=count) for count in hours),
        None,
    ]


@given(attempts=st.integers(1, 9), jitter=st.floats(-1, 1), wait=st.integers(0, 86_400))
def test_nobody_is_asked_again_sooner_than_they_wish(
    attempts: int, jitter: float, wait: int
) -> None:
    delay = retries.delay(attempts, jitter=jitter, wait=timedelta(seconds=wait))

    assert delay is not None
    assert delay >= max(timedelta(seconds=wait), retries.SCHEDULE[attempts - 1] * 0.9)


@pytest.mark.parametrize(("attempts", "is_last"), [(1, False), (2, False), (3, True), (4, True)])
def test_what_hardly_ever_helps_is_tried_three_times(attempts: int, is_last: bool) -> None:
    delay = retries.delay(attempts, jitter=0, most_attempts=3)

    assert (delay is None) is is_last
