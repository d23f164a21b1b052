"""When a message that was not taken is tried again: decided from plain values."""

from datetime import timedelta

# After the first attempt, the second, ...: three days in all.
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(SCHEDULE) + 1
JITTER = 0.1


def delay(
    attempts: int,
    *,
    jitter: float,
    wait: timedelta | None = None,
    most_attempts: int | None = None,
) -> timedelta | None:
    """Return how long to wait after so many attempts, or None when that was the last.

    `jitter`, from -1 to 1, moves it by up to a tenth. It is never sooner than `wait`, which the
    other side asked for; what is asked for is spread too, but only to later.
    """
    if attempts >= min(MOST_ATTEMPTS, most_attempts or MOST_ATTEMPTS):
        return None
    planned = SCHEDULE[attempts - 1] * (1 + JITTER * jitter)
    return planned if wait is None else max(planned, wait * (1 + JITTER * abs(jitter)))
