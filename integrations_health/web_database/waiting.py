"""A connection on which nobody waits without end.

PostgreSQL's own limits hold nobody to anything who has stopped answering: a frozen server, or a
network that swallows what is sent, would keep each request for ever.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout

RV = TypeVar("RV")
_EVERY_SECONDS = 0.1
# Longer than `statement_timeout` of `web` (config.settings), so that a slow statement ends by it.
PATIENCE_SECONDS = 12.0
_patience = ContextVar("patience", default=PATIENCE_SECONDS)


class NoAnswer(psycopg.OperationalError):
    """The server did not answer in time, and the connection was given up.

    `began` is when it was asked, by `time.monotonic`.
    """

    def __init__(self, *, began: float) -> None:
        super().__init__("the database did not answer in time")
        self.began = began


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Wait no longer than this for each answer of the database within the block."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


class Connection(psycopg.Connection[Any]):
    """Gives up, and closes, when an answer is not there in time."""

    def wait(
        self, gen: PQGen[RV], interval: float = _EVERY_SECONDS, timeout: float | None = None
    ) -> RV:
        """Wait for an answer. Raises NoAnswer."""
        began = time.monotonic()
        try:
            return super().wait(gen, interval, timeout or _patience.get())
        except _WaitTimeout:
            # An answer may still come, and would be taken for that of the next question.
            self.pgconn.finish()
            raise NoAnswer(began=began) from None
