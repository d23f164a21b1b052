"""Ask whether the visitors of this process may stay: for all who want to know within a moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import cache

from django.utils import timezone

from integrations_health import visitors
from integrations_health.reading_threads import read
from integrations_health.visitors import Visitor

# So few questions go to the database in a second, however many sockets there are.
GATHERED = timedelta(milliseconds=250)

Ask = Callable[[Sequence[Visitor]], Awaitable[list[bool]]]


class RollCall:
    """Gathers who wants to know, and asks once for all of them."""

    def __init__(self, ask: Ask, *, gathered: timedelta = GATHERED) -> None:
        """Wait for the first."""
        self._ask = ask
        self._wait = gathered.total_seconds()
        self._waiting: list[Visitor] = []
        self._answers: asyncio.Task[list[bool]] | None = None

    async def may_stay(self, visitor: Visitor) -> bool:
        """Say whether the proof of a visitor still stands. Raises what asking raises."""
        if visitors.has_run_out(visitor, now=timezone.now()):
            return False  # known at once, and while nobody can be asked
        if self._answers is None:
            self._answers = asyncio.create_task(self._call())
            # Everybody who waits may be gone by then.
            self._answers.add_done_callback(lambda task: task.cancelled() or task.exception())
        answers, place = self._answers, len(self._waiting)
        self._waiting.append(visitor)
        # Who leaves takes nobody's answer away.
        return (await asyncio.shield(answers))[place]

    async def _call(self) -> list[bool]:
        await asyncio.sleep(self._wait)
        present, self._waiting, self._answers = self._waiting, [], None
        return await self._ask(present)


@cache
def of_loop(loop: asyncio.AbstractEventLoop) -> RollCall:
    """Return the roll call of the event loop that runs."""
    return RollCall(_ask)


async def _ask(present: Sequence[Visitor]) -> list[bool]:
    return await read(visitors.which_stay, present, now=timezone.now())
