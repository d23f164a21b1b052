"""Connections to Redis whose every command answers within a second, or fails.

In a rush a thread may wait a second for its connection before.
"""

from functools import cache

import redis
import redis.asyncio
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 1.0
# More than a rush needs at once, and few enough to stay open after it.
MOST_CONNECTIONS = 128


@cache
def connection(url: str) -> redis.Redis:
    """Return this process's client of a server; its commands raise redis.RedisError in time.

    Threads share its connections, MOST_CONNECTIONS at most; who waits too long for one hears
    redis.ConnectionError.
    """
    # Tried once more on a new connection when a kept one turns out to be dead; never when the
    # server is merely slow.
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=PATIENCE_SECONDS,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
    return redis.Redis.from_pool(pool)


def asynchronous(url: str) -> redis.asyncio.Redis:
    """Return a client for the event loop that runs now."""
    return redis.asyncio.Redis.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=redis.asyncio.retry.Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )
