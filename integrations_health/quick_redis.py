"""Connections to Redis whose every command answers within a second, or fails."""

from functools import cache

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 1.0


@cache
def connection(url: str) -> redis.Redis:
    """Return this process's client of a server; its commands raise redis.RedisError in time."""
    # Tried once more on a new connection when a kept one turns out to be dead; never when the
    # server is merely slow.
    return redis.Redis.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


def asynchronous(url: str) -> redis.asyncio.Redis:
    """Return a client for the event loop that runs now."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=redis.asyncio.retry.Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
