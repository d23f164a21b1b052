"""Say to whoever asked that the database does not answer, and when to come back."""

import random

from integrations_health.problems import Problem, unavailable

# When to come back; apart from each other, so that those who were sent away do not return at once.
_SOONEST, _LATEST = 15, 45


def retry_seconds() -> int:
    """Return in how many seconds somebody should ask again: 30, more or less."""
    return random.randint(_SOONEST, _LATEST)


def for_now() -> Problem:
    """Say to a caller of the API that the database does not answer, and when to come back."""
    return unavailable(
        "database_unavailable", "The database does not answer.", retry_after=retry_seconds()
    )
