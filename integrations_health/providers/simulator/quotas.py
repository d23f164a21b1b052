"""How many calls a provider lets through: a fixed window of one minute."""

from time import time

UNLIMITED = 1_000_000
WINDOW_SECONDS = 60


class Quota:
    """A counter that starts again with each minute of the clock."""

    def __init__(self) -> None:
        self.limit = UNLIMITED
        self._window = 0
        self._used = 0

    def take(self) -> bool:
        """Count one call; return whether it is still within the limit."""
        window = int(time()) // WINDOW_SECONDS
        if window != self._window:
            self._window, self._used = window, 0
        self._used += 1
        return self._used <= self.limit

    @property
    def remaining(self) -> int:
        """Return how many calls are left in this window."""
        return max(self.limit - self._used, 0)

    @property
    def seconds_left(self) -> int:
        """Return how long this window still lasts, in whole seconds, at least one."""
        return WINDOW_SECONDS - int(time()) % WINDOW_SECONDS
