"""Calls that one process may make, each at its turn."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from integrations_health.providers.base import NoBudget

# The share of each window that stays untouched: the application lives on the same limit.
KEPT_FREE = 0.05
MANUAL_SHARE = 0.10
# What a batch may need beyond what it thought (a refused page is read in halves).
OVERDRAFT = 32
# Who is later than this is held up, and not only woken by a clock that ticks in milliseconds.
TOLERANCE_SECONDS = 0.05
# No process asks so fast, and what it may ask was booked: it needs no pace as well.
SHORTEST_SPACING = 0.001
# Who waits long looks so often whether the provider has said to wait longer.
NAP_SECONDS = 1.0


class Lane(StrEnum):
    """Who asks: the sweep, or a person. Each has its own share, so neither starves the other."""

    SWEEP = "sweep_next_at"
    MANUAL = "manual_next_at"


SHARES = {Lane.SWEEP: 1 - MANUAL_SHARE - KEPT_FREE, Lane.MANUAL: MANUAL_SHARE}


class Stretch(NamedTuple):
    """Turns that are booked one after another: how many, and how many seconds each takes.

    The first is `starts_in` seconds from now; `ends_at` is the instant up to which they are booked,
    by the database's clock, None where nothing is booked.
    """

    calls: int = 0
    spacing: float = 0.0
    starts_in: float = 0.0
    ends_at: datetime | None = None


class Allotment:
    """Calls that this process may make, each at its turn: a reserved stretch of the budget.

    Used from one event loop.
    """

    def __init__(
        self,
        stretch: Stretch,
        *,
        lane: Lane = Lane.SWEEP,
        book: Callable[[int], Awaitable[Stretch]] | None = None,
    ) -> None:
        """Start the clock: the first call may go out when the stretch begins.

        `book` books another stretch for so many calls. Without it what is late, and the overdraft,
        goes out after the end of the first: good for a few calls only.
        """
        self.calls = stretch.calls
        self.lane = lane
        self.used = 0
        self._most = stretch.calls + _overdraft(stretch, lane)
        self._book = book
        self._next_in_line = asyncio.Lock()
        self._waiting = 0
        self._not_before = 0.0
        self._is_blocked = False
        self._begin(stretch)

    @property
    def ends_at(self) -> datetime | None:
        """The instant up to which turns are booked, None where nothing is booked."""
        return self._stretch.ends_at

    @property
    def unused_seconds(self) -> float:
        """How much of the last stretch nobody used; below 0 when more was used than booked."""
        taken = self._taken if self._pace else self.used
        return (self._stretch.calls - taken) * self._stretch.spacing

    async def gate(self) -> None:
        """Wait for the turn of one call. Raises NoBudget when none is left or allowed.

        Whoever is late, because this process was held up or the provider is slow, goes out as fast
        as the provider's limit lets anybody while the stretch lasts. After it others have their
        turns: then more are booked, so that the limit is kept however many are late.
        """
        if self._is_blocked or self.used >= self._most:
            raise NoBudget
        self.used += 1
        if not self._pace:
            return
        self._waiting += 1
        try:
            async with self._next_in_line:
                await self._take_turn()
        except NoBudget:
            self.used -= 1
            raise
        finally:
            self._waiting -= 1

    def block(self) -> None:
        """Let no further call out: the provider said to wait."""
        self._is_blocked = True

    async def _take_turn(self) -> None:
        if self._book is not None and self._is_over() and not self._is_blocked:
            await self._book_more(self._book)
        until = max(self._turn(), self._not_before)
        while not self._is_blocked and (wait := until - time.monotonic()) > 0:
            await asyncio.sleep(min(wait, NAP_SECONDS))
            if wait <= NAP_SECONDS:
                break
        if self._is_blocked:
            raise NoBudget
        self._taken += 1
        unnoticed_since = time.monotonic() - TOLERANCE_SECONDS
        self._not_before = max(self._not_before, unnoticed_since) + self._pace * SHARES[self.lane]

    def _turn(self) -> float:
        return self._start + self._taken * self._pace

    def _is_over(self) -> bool:
        goes_at = max(self._turn(), self._not_before, time.monotonic())
        return goes_at > self._end + TOLERANCE_SECONDS

    async def _book_more(self, book: Callable[[int], Awaitable[Stretch]]) -> None:
        # For whoever comes with this one, or next, as well; but a turn that nobody takes is lost.
        await asyncio.sleep(0)
        stretch = await book(self._waiting + int(TOLERANCE_SECONDS / self._pace))
        if not stretch.calls:
            self._is_blocked = True
            raise NoBudget
        self._begin(stretch)

    def _begin(self, stretch: Stretch) -> None:
        is_paced = self.lane is Lane.SWEEP and stretch.spacing >= SHORTEST_SPACING
        # A person waits for the answer: what the manual share allows goes out at once.
        self._pace = stretch.spacing if is_paced else 0.0
        self._start = time.monotonic() + (stretch.starts_in if is_paced else 0.0)
        self._end = self._start + stretch.calls * self._pace if self._pace else math.inf
        self._stretch = stretch
        self._taken = 0


def _overdraft(stretch: Stretch, lane: Lane) -> int:
    if stretch.calls == 0:
        return 0
    if stretch.spacing == 0:
        return OVERDRAFT
    # Never more than what is kept free of the provider's minute.
    return min(OVERDRAFT, int(60 / (stretch.spacing * SHARES[lane]) * KEPT_FREE))
