"""A few threads in which the sockets of this process read the database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

P = ParamSpec("P")
T = TypeVar("T")

# However many sockets look at once, requests find connections in the pool.
_THREADS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="live-read")


async def read(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Run `work` in one of the threads, with a connection of its own, and return its result."""
    run = database_sync_to_async(work, thread_sensitive=False, executor=_THREADS)
    return await run(*arguments, **named)
