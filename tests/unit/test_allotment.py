"""Calls go out at their turn; what is late for it gets another, and no limit is passed."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations_health.allotment import OVERDRAFT, TOLERANCE_SECONDS, Allotment, Stretch
from integrations_health.providers.base import NoBudget
from tests.lanes import LIMIT, SOON, SPACING, Pause, Provider, play


def within_the_limit(processes: int) -> float:
    # At the edges of a second each may have one under way, and calls that nobody noticed are late.
    return LIMIT + processes * (1 + TOLERANCE_SECONDS * LIMIT)


def test_calls_go_out_at_their_pace() -> None:
    allotment = Allotment(Stretch(5, 0.02))

    async def pass_all() -> None:
        await asyncio.gather(*(allotment.gate() for _ in range(5)))

    started = time.monotonic()
    asyncio.run(pass_all())

    assert time.monotonic() - started >= 4 * 0.02


def test_who_is_in_time_books_once() -> None:
    provider = Provider()

    play(provider, provider.process(200), provider.process(100))

    assert provider.booked == [200, 100]
    assert sorted(provider.calls) == pytest.approx([turn * SPACING for turn in range(300)])


PAUSES = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), max_size=4)


@given(st.lists(st.tuples(st.integers(1, 150), PAUSES), min_size=1, max_size=4))
@example([(60, [(0.0, 3.0)])] * 3 + [(283, [(0.0, 3.0)])])
@example([(30, [(0.0, 3.5)])] * 7 + [(400, [(0.0, 3.5)])])
def test_however_many_are_held_up_however_long_the_limit_is_kept_and_all_goes_out(
    processes: list[tuple[int, list[Pause]]],
) -> None:
    provider = Provider()

    play(provider, *(provider.process(calls, pauses=pauses) for calls, pauses in processes))

    assert len(provider.calls) == sum(calls for calls, _ in processes)
    assert provider.most_in_a_second() <= within_the_limit(len(processes))


@pytest.mark.parametrize("seconds", [0.6, 3.0, 9.0])
def test_a_slow_provider_is_asked_all_there_is_to_ask_within_its_limit(seconds: float) -> None:
    provider = Provider()

    play(
        provider,
        *(provider.process(283, at_once=50, seconds=seconds) for _ in range(3)),
    )

    assert len(provider.calls) == 3 * 283
    assert provider.most_in_a_second() <= within_the_limit(3)


def test_an_answer_that_takes_longer_than_the_stretch_leaves_the_next_call_its_turn() -> None:
    provider = Provider()

    play(provider, provider.process(5, at_once=1, seconds=6))

    assert provider.calls == pytest.approx([0, 6, 12, 18, 24])
    assert provider.booked == [5, *[1 + SOON] * 4]


def test_those_who_come_together_after_a_long_answer_are_booked_for_together() -> None:
    provider = Provider()

    async def ask_for_a_page_and_then_each() -> None:
        allotment = Allotment(provider.book(5), book=provider.book_more)
        await allotment.gate()
        await asyncio.sleep(6)
        await asyncio.gather(*(allotment.gate() for _ in range(4)))

    play(provider, ask_for_a_page_and_then_each())

    assert provider.booked == [5, 4 + SOON]


def test_who_is_late_takes_turns_for_those_that_wait_with_it_and_no_others() -> None:
    provider = Provider()

    play(provider, provider.process(100, pauses=[(0.5, 4.0)]), provider.process(100))

    # The one that was under way when it was held up went out as soon as it could.
    assert provider.booked == [100, 100, 49 + SOON]


def test_who_was_held_up_within_the_stretch_is_back_at_the_pace_when_that_is_made_up_for() -> None:
    provider = Provider()

    play(provider, provider.process(300, pauses=[(0.02, 0.2)]))

    assert provider.booked == [300]
    assert max(provider.calls) == pytest.approx(299 * SPACING)


def test_where_more_is_allowed_than_a_process_can_ask_nobody_waits_and_none_is_booked() -> None:
    provider = Provider()

    async def ask() -> tuple[list[Any], float]:
        allotment = Allotment(Stretch(500, 0.0005), book=provider.book_more)
        let_out = await gates(allotment, 200)
        await asyncio.sleep(10)
        return [*let_out, *await gates(allotment, 200)], allotment.unused_seconds

    ((let_out, unused),) = play(provider, ask())

    assert let_out == [None] * 400
    assert provider.booked == []
    assert unused == pytest.approx(100 * 0.0005)


async def gates(allotment: Allotment, count: int) -> list[Any]:
    """Return None for each call that was let out, and what was raised for each that was not."""
    return await asyncio.gather(*(allotment.gate() for _ in range(count)), return_exceptions=True)


def test_when_no_turn_is_to_be_had_any_more_nobody_asks_again() -> None:
    asked = []

    async def refuse(calls: int) -> Stretch:
        asked.append(calls)
        return Stretch()

    async def ask_late() -> list[Any]:
        allotment = Allotment(Stretch(6, SPACING), book=refuse)
        let_out = await gates(allotment, 2)
        await asyncio.sleep(1)
        return [*let_out, *await gates(allotment, 4), allotment.used]

    (refusals,) = play(Provider(), ask_late())

    assert [type(refusal) for refusal in refusals] == [type(None)] * 2 + [NoBudget] * 4 + [int]
    assert (asked, refusals[-1]) == ([4 + SOON], 2)


def test_what_was_booked_last_and_not_used_is_told() -> None:
    provider = Provider()

    async def ask_late() -> tuple[float, float]:
        allotment = Allotment(provider.book(3), book=provider.book_more)
        await allotment.gate()
        before = allotment.unused_seconds
        await asyncio.sleep(1)
        await allotment.gate()
        return before, allotment.unused_seconds

    ((before, after),) = play(provider, ask_late())

    assert (before, after) == pytest.approx((2 * SPACING, SOON * SPACING))


def test_a_few_beyond_what_was_booked_go_out_at_once_and_are_charged() -> None:
    provider = Provider()

    async def ask() -> float:
        allotment = Allotment(provider.book(10), book=provider.book_more)
        await gates(allotment, 13)
        return allotment.unused_seconds

    (unused,) = play(provider, ask())

    assert unused == pytest.approx(-3 * SPACING)
    assert provider.booked == [10]


def test_many_beyond_what_was_booked_are_booked_as_well() -> None:
    provider = Provider()

    async def ask() -> list[Any]:
        return await gates(Allotment(provider.book(10), book=provider.book_more), 30)

    play(provider, ask())

    assert provider.booked[0] == 10
    assert len(provider.booked) == 2


def test_the_gate_closes_when_the_calls_and_the_overdraft_are_used_up() -> None:
    allotment = Allotment(Stretch(1))

    refusals = asyncio.run(gates(allotment, 1 + OVERDRAFT + 1))

    assert refusals.count(None) == allotment.used == 1 + OVERDRAFT
    assert isinstance(refusals[-1], NoBudget)


def test_the_gate_never_opens_for_a_batch_that_was_granted_nothing() -> None:
    with pytest.raises(NoBudget):
        asyncio.run(Allotment(Stretch()).gate())


def test_who_waits_long_for_a_turn_gives_up_soon_after_the_gate_is_blocked() -> None:
    async def wait_and_block() -> tuple[list[Any], float]:
        allotment = Allotment(Stretch(2, SPACING, starts_in=30))
        waiting = asyncio.ensure_future(gates(allotment, 2))
        await asyncio.sleep(2)
        allotment.block()
        return await waiting, time.monotonic()

    ((refusals, at),) = play(Provider(), wait_and_block())

    assert {type(refusal) for refusal in refusals} == {NoBudget}
    assert at < 2 + 1.5


def test_a_blocked_gate_stops_those_who_already_wait() -> None:
    allotment = Allotment(Stretch(9, 0.01, 0.05))

    async def wait_and_block() -> list[Any]:
        waiting = [asyncio.ensure_future(allotment.gate()) for _ in range(9)]
        await asyncio.sleep(0)
        allotment.block()
        return await asyncio.gather(*waiting, return_exceptions=True)

    assert {type(result) for result in asyncio.run(wait_and_block())} == {NoBudget}
    assert allotment.used == 0
