"""How often, and how long, one check asks again."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.conf import settings

from integrations_health.outcomes import TRANSIENT, CheckTarget
from integrations_health.providers.base import BULK_SIZE, Failure, NoBudget, Provider

ATTEMPTS = 3
LONGEST_PAUSE = timedelta(seconds=2)
# Retries help against a hiccup and hurt in an outage: a batch may spend a tenth of itself on them.
RETRY_SHARE = 0.1
RETRIES_AT_LEAST = 3

A = TypeVar("A")


def retries_for(targets: int) -> int:
    """Return how many retries a batch of `targets` checks may make altogether."""
    return max(RETRIES_AT_LEAST, int(targets * RETRY_SHARE))


def calls_for(provider: Provider, targets: Sequence[CheckTarget]) -> int:
    """Return how many calls a batch may need, retries included."""
    if not provider.reads_in_bulk:
        return 2 * len(targets) + retries_for(len(targets))
    pages = -(-len(targets) // BULK_SIZE)
    return pages + sum(target.is_probe_due for target in targets) + retries_for(len(targets))


def is_transient(answer: object) -> bool:
    """Say whether asking again may well bring another answer, within the pauses that we make."""
    if not isinstance(answer, Failure) or answer.outcome not in TRANSIENT:
        return False
    return answer.retry_after is None or answer.retry_after <= LONGEST_PAUSE


class Patience:
    """The retries that one batch has left. Each waits twice as long as the one before."""

    def __init__(self, *, targets: int) -> None:
        """Start with the share that a batch of `targets` checks gets."""
        self._left = retries_for(targets)

    async def ask(self, call: Callable[[], Awaitable[A | Failure]]) -> A | Failure:
        """Return what `call` answers, asked again while it fails for a passing reason.

        Raises NoBudget only when not even the first call could go out.
        """
        since = time.monotonic()
        answer = await call()
        attempt = 1
        while is_transient(answer) and await self.may_retry(attempt, since=since):
            attempt += 1
            try:
                answer = await call()
            except NoBudget:
                break
        return answer

    async def may_retry(self, attempt: int, *, since: float) -> bool:
        """Wait for the next attempt and say yes, or say no at once."""
        pause = random.uniform(0.5, 1) * 2 ** (attempt - 1)
        last_start = since + (settings.CHECK_DEADLINE - settings.CALL_DEADLINE).total_seconds()
        is_late = time.monotonic() + pause > last_start
        if attempt >= ATTEMPTS or is_late or self._left <= 0:
            return False
        self._left -= 1
        await asyncio.sleep(pause)
        return True
