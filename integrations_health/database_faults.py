"""Tell the faults that are the database's being away from those that are ours."""

import random

from django.db import Error, InterfaceError, InternalError, OperationalError

from integrations_health.problems import Problem, unavailable

# Whoever gets one of these was not answered, and nothing of what they wanted was done. A statement
# that took too long and a lock that was not to be had are among them.
AWAY = (OperationalError, InterfaceError)
READ_ONLY = "25006"
# When to come back; apart from each other, so that those who were sent away do not return at once.
_SOONEST, _LATEST = 15, 45


def is_away(error: BaseException) -> bool:
    """Say whether an error means that the database does not answer, or takes no writes."""
    return isinstance(error, AWAY) or (
        isinstance(error, InternalError) and sqlstate_of(error) == READ_ONLY
    )


def sqlstate_of(error: Error) -> str:
    """Return PostgreSQL's code of an error; empty when it did not come from there."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def retry_seconds() -> int:
    """Return in how many seconds somebody should ask again: 30, more or less."""
    return random.randint(_SOONEST, _LATEST)


def unavailable_for_now() -> Problem:
    """Say to a caller of the API that the database does not answer, and when to come back."""
    return unavailable(
        "database_unavailable", "The database does not answer.", retry_after=retry_seconds()
    )
