"""A database of the Redis-compatible server that nobody else uses."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import redis

# 0 is the other tests' own. A server has sixteen unless somebody says otherwise.
_NUMBERS = range(15, 0, -1)
_MARK = "taken-by-a-chaos-test"
_MARK_SECONDS = 300


class AllTaken(Exception):
    """Every database of the server is in use."""


@contextmanager
def own() -> Iterator[str]:
    """Yield the URL of an empty database, emptied again afterwards. Raises AllTaken."""
    for number in _NUMBERS:
        url = urlunsplit(urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}"))
        with redis.Redis.from_url(url) as client:
            if not client.set(_MARK, os.getpid(), nx=True, ex=_MARK_SECONDS):
                continue
            if client.dbsize() > 1:  # somebody else's, who knows nothing of marks
                client.delete(_MARK)
                continue
            try:
                yield url
            finally:
                client.flushdb()
            return
    raise AllTaken(f"no empty database among {list(_NUMBERS)}")
