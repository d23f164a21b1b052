"""Leave alone what does not answer, and try it again now and then, one at a time."""

from threading import Lock


class Breaker:
    """Says whether something may be asked: not while it rests, and then by one as a trial.

    Closed, everybody asks. Open, nobody does until it has rested. Half open, one asks and the
    others wait for what becomes of it: success closes it, failure lets it rest again. A trial of
    which nobody hears counts as failed after as long as a rest. A failure says nothing when others
    succeeded after it had begun: then it was busy, or it is over.

    `now` is any clock that only moves forward, in seconds. Threads may share a breaker.
    """

    def __init__(self, *, rest_seconds: float) -> None:
        """Begin closed."""
        self._rest_seconds = rest_seconds
        self._lock = Lock()
        # None: closed. Else nobody asks before, whether at rest or for the trial that is under way.
        self._shut_until: float | None = None
        self._succeeded_at: float | None = None

    @property
    def is_shut(self) -> bool:
        """Say whether nobody may ask but for the trial."""
        return self._shut_until is not None

    def admits(self, *, now: float) -> bool:
        """Say whether one may ask now; who is told yes tells how it went."""
        with self._lock:
            if self._shut_until is None:
                return True
            if now < self._shut_until:
                return False
            self._shut_until = now + self._rest_seconds
            return True

    def succeed(self, *, now: float) -> bool:
        """Let everybody ask; say whether that was not so before."""
        with self._lock:
            self._succeeded_at = now
            was_shut, self._shut_until = self._shut_until is not None, None
            return was_shut

    def fail(self, *, began: float, now: float) -> bool:
        """Let nobody ask for a while; say whether everybody could before."""
        if self._succeeded_at is not None and self._succeeded_at > began:
            return False
        return self._shut(until=now + self._rest_seconds)

    def doubt(self, *, now: float) -> bool:
        """Let the next one try, alone; say whether everybody could ask before."""
        return self._shut(until=now)

    def _shut(self, *, until: float) -> bool:
        with self._lock:
            was_closed = self._shut_until is None
            # Doubt ends no rest, and no trial.
            self._shut_until = max(until, self._shut_until or until)
            return was_closed
