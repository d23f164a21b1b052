"""Keep what is dear to read and the same for everybody, for a moment, in this process."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Generic, TypeVar

from django.db import DatabaseError

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Remembered(Generic[T]):
    """Reads when asked, unless what was read is fresh.

    One at a time reads. Who comes meanwhile is given what was read before, and so is everybody
    while the database does not answer, unless that is older than `good_for`.
    """

    def __init__(
        self, read: Callable[[], T], *, fresh_for: timedelta, good_for: timedelta = timedelta()
    ) -> None:
        """Remember nothing yet."""
        self._read = read
        self._fresh_for = fresh_for.total_seconds()
        self._good_for = good_for.total_seconds()
        self._reading = Lock()
        self._kept: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return what is known."""
        kept = self._kept
        if kept is not None and self._age(kept) < self._fresh_for:
            return kept[1]
        is_good = kept is not None and self._age(kept) < self._good_for
        if not self._reading.acquire(blocking=not is_good):
            assert kept is not None
            return kept[1]
        try:
            return self._read_anew()
        except DatabaseError as error:
            if kept is None or not is_good:
                raise
            logger.warning("remembered.not_read", extra={"reason": type(error).__name__})
            return kept[1]
        finally:
            self._reading.release()

    def forget(self) -> None:
        """Read anew when asked next."""
        self._kept = None

    def _read_anew(self) -> T:
        kept = self._kept
        # Whoever read while this one waited for its turn read for both.
        if kept is None or self._age(kept) >= self._fresh_for:
            self._kept = kept = (time.monotonic(), self._read())
        return kept[1]

    def _age(self, kept: tuple[float, T]) -> float:
        return time.monotonic() - kept[0]
