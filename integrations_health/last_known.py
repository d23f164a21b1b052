"""What Redis holds for the time in which the database is away. Nothing rests on it being there.

What has ended is marked for a while, so that nobody who read it just before writes it again.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TypeVar, cast

import redis
from django.conf import settings

from integrations_health import quick_redis
from integrations_health.breaker import Breaker

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Longer than any request takes.
MARKED_FOR = timedelta(minutes=10)
_MARK = b""
_KEEP = """
if redis.call('GET', KEYS[1]) == '' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
# A Redis that does not answer costs one caller a second, and the others nothing.
_breaker = Breaker(rest_seconds=5.0)


def keep(key: str, value: str, *, good_for: timedelta) -> None:
    """Keep something, unless it has ended. Never raises for Redis."""
    seconds = int(good_for.total_seconds())
    attempt("keep", lambda link: link.register_script(_KEEP)([key], [value, seconds]))


def end(keys: Iterable[str]) -> None:
    """Forget things for good. Never raises for Redis: they end by themselves, too, but later."""
    ended = list(keys)

    def mark(link: redis.Redis) -> None:
        with link.pipeline(transaction=False) as pipeline:
            for key in ended:
                pipeline.set(key, _MARK, ex=MARKED_FOR)
            pipeline.execute()

    if ended:
        attempt("end", mark)


def kept(key: str) -> bytes | None:
    """Return what is kept; None when there is nothing, it has ended, or Redis is away."""
    return attempt("read", lambda link: cast("bytes | None", link.get(key))) or None


def attempt(what: str, command: Callable[[redis.Redis], T]) -> T | None:
    """Return what a command gives; None when Redis does not answer, or is full."""
    began = time.monotonic()
    if not _breaker.admits(now=began):
        return None
    try:
        given = command(quick_redis.connection(settings.REDIS_URL))
    except (redis.RedisError, OSError) as error:
        if isinstance(error, redis.ResponseError):
            _breaker.succeed(now=time.monotonic())  # it answers, and can be read from
        else:
            _breaker.fail(began=began, now=time.monotonic())
        logger.warning(
            "last_known.not_reached", extra={"what": what, "reason": type(error).__name__}
        )
        return None
    _breaker.succeed(now=time.monotonic())
    return given
