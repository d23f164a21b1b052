"""Calls go out at their turn, and not all at once after this process was held up."""

import asyncio
import time
from contextlib import suppress
from itertools import combinations
from typing import Any

import pytest
from django.conf import settings
from hypothesis import example, given
from hypothesis import strategies as st

from integrations_health.allotment import (
    OVERDRAFT,
    SHARES,
    TOLERANCE_SECONDS,
    Allotment,
    Lane,
)
from integrations_health.providers.base import NoBudget

SPACING = 0.01
# The provider's own limit lets one call out in so long.
APART = SPACING * SHARES[Lane.SWEEP]


class Clock:
    """A clock on which only waiting takes time; some waits take longer than they should."""

    def __init__(self, delays: list[float]) -> None:
        self.now = 100.0
        self._delays = iter(delays)

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + next(self._delays, 0.0)


async def passed_at(clock: Clock, allotment: Allotment) -> list[float]:
    instants: list[float] = []

    async def call() -> None:
        with suppress(NoBudget):
            await allotment.gate()
            instants.append(clock.now)

    await asyncio.gather(*(call() for _ in range(allotment.calls)))
    return instants


def run(delays: list[float], *, calls: int, starts_in: float = 0.0) -> list[float]:
    clock = Clock(delays)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", clock.monotonic)
        patch.setattr(asyncio, "sleep", clock.sleep)
        allotment = Allotment(calls=calls, spacing=SPACING, starts_in=starts_in)
        instants = asyncio.run(passed_at(clock, allotment))
        assert allotment.used == len(instants)
        return instants


DELAYS = st.lists(st.floats(0, 0.5), max_size=30)


def test_calls_go_out_at_their_pace() -> None:
    allotment = Allotment(calls=5, spacing=0.02)

    async def pass_all() -> None:
        await asyncio.gather(*(allotment.gate() for _ in range(5)))

    started = time.monotonic()
    asyncio.run(pass_all())

    assert time.monotonic() - started >= 4 * 0.02


@given(DELAYS)
def test_however_long_we_are_held_up_the_providers_limit_is_kept(delays: list[float]) -> None:
    instants = run(delays, calls=40)

    for (first, since), (last, until) in combinations(enumerate(instants), 2):
        assert (last - first) * APART <= until - since + TOLERANCE_SECONDS + 1e-6
    assert all(instant >= 100 + turn * SPACING - 1e-6 for turn, instant in enumerate(instants))


@given(DELAYS, DELAYS, st.just(40))
@example([2.9], [1.0], 300)
def test_two_processes_that_are_both_held_up_keep_the_limit_together(
    delays: list[float], delays_of_the_next: list[float], calls: int
) -> None:
    late = run(delays, calls=calls)
    instants = sorted(late + run(delays_of_the_next, calls=calls, starts_in=calls * SPACING))

    # One call of each may be under way when the time begins in which they are counted.
    unnoticed = 2 * (TOLERANCE_SECONDS + APART)
    for (first, since), (last, until) in combinations(enumerate(instants), 2):
        assert (last - first) * APART <= until - since + unnoticed + 1e-6


def test_who_is_late_by_more_than_a_tick_comes_back_with_a_later_stretch() -> None:
    tick = settings.TICK.total_seconds()

    assert run([tick + 1], calls=40) == pytest.approx([100, 100 + SPACING + tick + 1])


def test_who_was_held_up_is_back_at_the_pace_when_the_delay_is_made_up_for() -> None:
    instants = run([0, 0, 0.2], calls=300)

    assert instants[-1] == pytest.approx(100 + 299 * SPACING)


def test_the_gate_closes_when_the_calls_and_the_overdraft_are_used_up() -> None:
    allotment = Allotment(calls=1)

    async def pass_once_more_than_allowed() -> None:
        for _ in range(1 + OVERDRAFT + 1):
            await allotment.gate()

    with pytest.raises(NoBudget):
        asyncio.run(pass_once_more_than_allowed())
    assert allotment.used == 1 + OVERDRAFT


def test_the_gate_never_opens_for_a_batch_that_was_granted_nothing() -> None:
    with pytest.raises(NoBudget):
        asyncio.run(Allotment(calls=0).gate())


def test_a_blocked_gate_stops_those_who_already_wait() -> None:
    allotment = Allotment(calls=9, starts_in=0.05, spacing=0.01)

    async def wait_and_block() -> list[Any]:
        waiting = [asyncio.ensure_future(allotment.gate()) for _ in range(9)]
        await asyncio.sleep(0)
        allotment.block()
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert {type(result) for result in asyncio.run(wait_and_block())} == {NoBudget}
