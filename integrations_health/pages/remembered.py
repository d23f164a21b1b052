"""Keep what is dear to read and the same for everybody, for a moment, in this process."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Reads when asked, unless what was read is fresh; who comes meanwhile waits for it."""

    def __init__(self, read: Callable[[], T], *, fresh_for: timedelta) -> None:
        """Remember nothing yet."""
        self._read = read
        self._fresh_for = fresh_for.total_seconds()
        self._lock = Lock()
        self._kept: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return what is known, not older than `fresh_for`."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] >= self._fresh_for:
                self._kept = (time.monotonic(), self._read())
            return self._kept[1]

    def forget(self) -> None:
        """Read anew when asked next."""
        with self._lock:
            self._kept = None
