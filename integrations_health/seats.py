"""How many sockets one user has open at once, counted across processes."""

import contextlib
from collections import defaultdict
from collections.abc import Awaitable
from datetime import timedelta
from typing import cast

import redis.asyncio

from integrations_health import places

MOST_PER_USER = 10
# Renewed every minute or so: a process that died gives its seats back.
_KEPT_FOR = timedelta(seconds=150)

_here: defaultdict[str, set[str]] = defaultdict(set)


async def take(link: redis.asyncio.Redis, *, who: str, socket: str) -> bool:
    """Take or keep a seat for a socket; say whether there was one.

    While Redis is away the sockets of this process alone are counted.
    """
    here = _here[who]
    here.add(socket)
    kept_ms = int(_KEPT_FOR.total_seconds() * 1000)
    try:
        taken = link.eval(places.TAKE, 1, _key(who), socket, kept_ms, MOST_PER_USER)
        is_taken = bool(await cast("Awaitable[int]", taken))
    except redis.RedisError:
        is_taken = len(here) <= MOST_PER_USER
    if not is_taken:
        _forget(who, socket)
    return is_taken


async def leave(link: redis.asyncio.Redis, *, who: str, socket: str) -> None:
    """Give a socket's seat back; while Redis is away it comes back by itself in minutes."""
    _forget(who, socket)
    with contextlib.suppress(redis.RedisError):
        await link.zrem(_key(who), socket)


def _forget(who: str, socket: str) -> None:
    _here[who].discard(socket)
    if not _here[who]:
        del _here[who]


def _key(who: str) -> str:
    return f"live:seats:{who}"
