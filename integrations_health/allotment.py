"""Calls that one process may make, each at its turn."""

import asyncio
import time
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from integrations_health.providers.base import NoBudget

# The share of each window that stays untouched: the application lives on the same limit.
KEPT_FREE = 0.05
MANUAL_SHARE = 0.10
# What a batch may need beyond its booking (a refused page is read in halves); charged afterwards.
OVERDRAFT = 32
# Who is later than this is held up, and not only woken by a clock that ticks in milliseconds.
TOLERANCE_SECONDS = 0.05


class Lane(StrEnum):
    """Who asks: the sweep, or a person. Each has its own share, so neither starves the other."""

    SWEEP = "sweep_next_at"
    MANUAL = "manual_next_at"


SHARES = {Lane.SWEEP: 1 - MANUAL_SHARE - KEPT_FREE, Lane.MANUAL: MANUAL_SHARE}
# What the sweep leaves of the limit serves who is late: one half while his stretch lasts, on top of
# his pace; the other alone when it is over, for another's stretch begins there.
LATE_SHARE = (1 - SHARES[Lane.SWEEP]) / 2


class Allotment:
    """Calls that this process may make, each at its turn: a reserved stretch of the budget.

    Used from one event loop. `spacing` is what one call takes of the stretch, in seconds; `ends_at`
    the instant up to which it is booked, None where nothing is booked.
    """

    def __init__(
        self,
        *,
        calls: int,
        lane: Lane = Lane.SWEEP,
        starts_in: float = 0.0,
        spacing: float = 0.0,
        ends_at: datetime | None = None,
    ) -> None:
        """Start the clock: the first call may go out `starts_in` seconds from now."""
        self.calls = calls
        self.lane = lane
        self.spacing = spacing
        self.ends_at = ends_at
        self.used = 0
        self._most = calls + _overdraft(calls, spacing, lane)
        # A person waits for the answer: what the manual share allows goes out at once.
        self._pace = spacing if lane is Lane.SWEEP else 0.0
        self._next_in_line = asyncio.Lock()
        self._not_before = 0.0
        self._start = time.monotonic() + (starts_in if lane is Lane.SWEEP else 0.0)
        self._end = self._start + calls * self._pace
        self._is_blocked = False

    async def gate(self) -> None:
        """Wait for the turn of one call. Raises NoBudget when none is left or allowed.

        Whoever is late, because this process was held up, goes out a little faster than the pace,
        not all at once with the others who are late; and slowly when the stretch is over, a tick
        long at most. So two processes that are both late keep the provider's limit together.
        """
        if self._is_blocked or self.used >= self._most:
            raise NoBudget
        turn = self._start + self.used * self._pace
        self.used += 1
        if self._pace:
            async with self._next_in_line:
                await self._wait_until(turn)
        if self._is_blocked:
            raise NoBudget

    def block(self) -> None:
        """Let no further call out: the provider said to wait."""
        self._is_blocked = True

    async def _wait_until(self, turn: float) -> None:
        goes_at = max(turn, self._not_before, time.monotonic())
        if goes_at > self._end + settings.TICK.total_seconds():
            self.used -= 1
            raise NoBudget
        wait = goes_at - time.monotonic()
        if wait > 0 and not self._is_blocked:
            await asyncio.sleep(wait)
        now = time.monotonic()
        share = SHARES[self.lane]
        allowed = share + LATE_SHARE if now < self._end else LATE_SHARE
        unnoticed_since = now - TOLERANCE_SECONDS
        self._not_before = max(self._not_before, unnoticed_since) + self._pace * share / allowed


def _overdraft(calls: int, spacing: float, lane: Lane) -> int:
    if calls == 0:
        return 0
    # Never more than what is kept free of the provider's minute.
    free = OVERDRAFT if spacing == 0 else int(60 / (spacing * SHARES[lane]) * KEPT_FREE)
    return min(OVERDRAFT, free)
