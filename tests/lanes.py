"""Processes that share a provider's lane, on a clock on which only waiting takes time."""

import asyncio
import selectors
import time
from bisect import bisect_right
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import pytest

from integrations_health.allotment import SHARES, TOLERANCE_SECONDS, Allotment, Lane, Stretch

T = TypeVar("T")
SPACING = 0.01
# The provider's own limit lets so many calls out in a second.
LIMIT = 1 / (SPACING * SHARES[Lane.SWEEP])
# What may come next before anybody notices a wait.
SOON = int(TOLERANCE_SECONDS / SPACING)
# A process that is held up: from when on, and for how long.
Pause = tuple[float, float]
_held: ContextVar[Sequence[Pause]] = ContextVar("held", default=())


class _NoWait(selectors.SelectSelector):
    """Waits for nothing, and says how long it would have."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.waited += timeout or 0.0
        return super().select(0)


@contextmanager
def virtual_time() -> Iterator[asyncio.AbstractEventLoop]:
    """Yield an event loop on whose clock only waiting takes time; processes may be held up."""
    selector = _NoWait()
    loop = asyncio.SelectorEventLoop(selector)
    sleep = asyncio.sleep

    def now() -> float:
        return selector.waited

    async def sleep_held(seconds: float) -> None:
        until = now() + seconds
        ends = [began + lasted for began, lasted in _held.get() if began <= until < began + lasted]
        await sleep(max([until, *ends]) - now())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", now)
        patch.setattr(time, "monotonic", now)
        patch.setattr(asyncio, "sleep", sleep_held)
        yield loop
    loop.close()


class Provider:
    """The lane that all processes share, and when which call went out."""

    def __init__(self) -> None:
        self.free_at = 0.0
        self.calls: list[float] = []
        self.booked: list[int] = []

    def book(self, calls: int) -> Stretch:
        starts_at = max(self.free_at, time.monotonic())
        self.free_at = starts_at + calls * SPACING
        self.booked.append(calls)
        return Stretch(calls, SPACING, starts_at - time.monotonic())

    async def book_more(self, calls: int) -> Stretch:
        return self.book(calls)

    async def process(
        self,
        calls: int,
        *,
        pauses: Sequence[Pause] = (),
        at_once: int = 1000,
        seconds: float = 0.0,
    ) -> Allotment:
        """Make so many calls, `at_once` of them, each of which takes the provider `seconds`."""
        _held.set(pauses)
        allotment = Allotment(self.book(calls), book=self.book_more)
        room = asyncio.Semaphore(at_once)

        async def call() -> None:
            async with room:
                await allotment.gate()
                self.calls.append(time.monotonic())
                await asyncio.sleep(seconds)

        await asyncio.gather(*(call() for _ in range(calls)))
        return allotment

    def most_in_a_second(self) -> int:
        calls = sorted(self.calls)
        return max(bisect_right(calls, at + 1) - first for first, at in enumerate(calls))


def play(provider: Provider, *processes: Coroutine[Any, Any, T]) -> list[T]:
    async def all_of_them() -> list[T]:
        return await asyncio.gather(*(asyncio.ensure_future(one) for one in processes))

    with virtual_time() as loop:
        return loop.run_until_complete(all_of_them())
