"""No providers' batches keep every process: others must not wait until slow ones have answered.

A process that checks is busy with one provider for as long as a batch lasts, which is a minute
where accounts hang. Redis counts who is at it; where it is away, nothing is counted, and nothing
lost but that.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

import redis
from django.conf import settings

from integrations_health import places, quick_redis

logger = logging.getLogger(__name__)

# What a process that was killed held is free again after so long.
KEPT_FOR = timedelta(seconds=15)
_RENEWALS = 3
_AWAY = (redis.RedisError, OSError)


def most() -> int:
    """Return how many processes may be busy before a provider's second: all but one of them."""
    return max(settings.CHECK_WAKE_UPS - 1, 1)


@contextmanager
def place(provider: str) -> Iterator[bool]:
    """Take a place at a provider for the block; the value says whether one was free.

    Who has none gets one; whoever has one gets another while one process is left to the others.
    It is kept for as long as the block lasts, and free soon after its process was killed.
    """
    holder = uuid4().hex
    if not _take(provider, holder):
        yield False
        return
    is_over = threading.Event()
    renewing = threading.Thread(
        target=_renew, args=(provider, holder, is_over), name="fair-share", daemon=True
    )
    renewing.start()
    try:
        yield True
    finally:
        is_over.set()
        renewing.join()
        with suppress(*_AWAY):
            _link().zrem(_key(provider), holder)


def _renew(provider: str, holder: str, is_over: threading.Event) -> None:
    while not is_over.wait(KEPT_FOR.total_seconds() / _RENEWALS):
        _take(provider, holder)


def _take(provider: str, holder: str) -> bool:
    kept_ms = int(KEPT_FOR.total_seconds() * 1000)
    keys = [_key(provider), *(_key(other) for other in settings.PROVIDERS if other != provider)]
    try:
        return bool(_link().eval(places.TAKE, len(keys), *keys, holder, str(kept_ms), str(most())))
    except _AWAY as error:
        logger.warning("fair_share.not_counted", extra={"reason": type(error).__name__})
        return True


def _link() -> redis.Redis:
    return quick_redis.connection(settings.REDIS_URL)


def _key(provider: str) -> str:
    return f"checks:at:{provider}"
