"""Ask a provider which connections there are, within its budget, and register them."""

import asyncio
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings

from integrations_health import adoption, budget, network, registry
from integrations_health.allotment import Allotment, Stretch
from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Call, Connection, Failure, NoBudget, Provider
from integrations_health.registry import Changes

CHUNK = 1_000
# So many calls are booked at a time: few enough that checks go on in between.
STEP = 20
PATIENCE = timedelta(minutes=2)
LOOK_AGAIN_AFTER = timedelta(seconds=1)
OWN_BUDGET = Call("our own budget")


class Progress(NamedTuple):
    """How far a pass has come: connections seen, what they changed, and what ended it too early."""

    connections: int
    changes: Changes
    failure: Failure | None = None


def configured() -> list[str]:
    """Return the providers that can be asked: those with a list of connections and a key."""
    return [name for name, config in settings.PROVIDERS.items() if config["api_key"]]


def discover(
    provider: str, *, is_dry_run: bool = False, patience: timedelta = PATIENCE
) -> Iterator[Progress]:
    """Register all connections of a provider, a thousand in each transaction; yield after each.

    A failure ends it and keeps what was found; so does a budget that has nothing for so long as
    `patience`. What the list lacks is left alone: a missing connection is no disconnected one.
    Raises registry.Busy.
    """
    changes = Changes()
    seen = 0
    for found in Walk(network.provider(provider), patience).chunks():
        connections = [item for item in found if isinstance(item, Connection)]
        failure = next((item for item in found if isinstance(item, Failure)), None)
        with registry.writing(changes) as undo:
            adoption.adopt(connections, changes=changes)
            if is_dry_run:
                undo()
        seen += len(connections)
        yield Progress(seen, changes, failure)


class _News(NamedTuple):
    """What the loop tells the thread that walks: what it found, or what it needs."""

    found: list[Connection | Failure]
    is_over: bool = False
    needs_calls: bool = False
    bug: Exception | None = None


class Walk:
    """One walk through a provider's list: the loop asks, this thread books the calls for it."""

    def __init__(self, provider: Provider, patience: timedelta) -> None:
        self._provider = provider
        self._patience = patience
        # One chunk waits while another is written; the provider is asked no faster than that.
        self._news: asyncio.Queue[_News] = asyncio.Queue(maxsize=1)
        self._allotment = Allotment(Stretch())
        self._booking = asyncio.Lock()
        self._has_booked = asyncio.Event()
        self._is_spent = False

    def chunks(self) -> Generator[list[Connection | Failure], None, None]:
        """Yield the list, a thousand at a time. A Failure is the last of all."""
        walking = network.run(self._start())
        wait = None
        try:
            while True:
                news = network.run(self._news.get())
                if news.bug is not None:
                    raise news.bug
                if news.needs_calls:
                    network.run(self._go_on(self._booked()))
                    continue
                wait = _wait(news.found)
                yield news.found
                if news.is_over:
                    return
        finally:
            network.run(_stop(walking))
            self._settle(wait=wait)

    async def _start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._walk())

    async def _walk(self) -> None:
        found: list[Connection | Failure] = []
        try:
            async for item in self._provider.discover(gate=self._gate):
                found.append(item)
                if len(found) == CHUNK:
                    await self._news.put(_News(found))
                    found = []
        except NoBudget:
            found.append(Failure(outcome=Outcome.RATE_LIMITED, call=OWN_BUDGET))
        except Exception as bug:
            # Raised again by the thread that waits for the news, after what came before it.
            await self._news.put(_News(found))
            await self._news.put(_News([], bug=bug))
            return
        await self._news.put(_News(found, is_over=True))

    async def _gate(self) -> None:
        while True:
            allotment = self._allotment
            try:
                return await allotment.gate()
            except NoBudget:
                if self._is_spent:
                    raise
            async with self._booking:
                if self._allotment is allotment:
                    self._has_booked.clear()
                    await self._news.put(_News([], needs_calls=True))
                    await self._has_booked.wait()

    async def _go_on(self, allotment: Allotment | None) -> None:
        self._is_spent = allotment is None
        self._allotment = allotment or Allotment(Stretch())
        self._has_booked.set()

    def _booked(self) -> Allotment | None:
        """Book the next calls; None when there are none for too long."""
        self._settle()
        give_up_at = time.monotonic() + self._patience.total_seconds()
        while True:
            allotment = budget.reserve(self._provider.name, calls=STEP)
            if allotment.calls:
                return allotment
            if time.monotonic() > give_up_at:
                return None
            time.sleep(LOOK_AGAIN_AFTER.total_seconds())

    def _settle(self, *, wait: timedelta | None = None) -> None:
        rate_limit = self._provider.rate_limit
        budget.settle(self._provider.name, self._allotment, rate_limit=rate_limit, wait=wait)


async def _stop(walking: asyncio.Task[None]) -> None:
    walking.cancel()
    with suppress(asyncio.CancelledError):
        await walking


def _wait(found: Sequence[Connection | Failure]) -> timedelta | None:
    """Return how long the provider told us to wait, None when it did not."""
    last = found[-1] if found else None
    if not isinstance(last, Failure) or last.outcome is not Outcome.RATE_LIMITED:
        return None
    return None if last.call is OWN_BUDGET else last.retry_after or timedelta()
