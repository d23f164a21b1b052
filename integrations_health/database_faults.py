"""Tell the faults that are the database's being away from those that are ours."""

from django.db import Error, InterfaceError, InternalError, OperationalError

# Whoever gets one of these was not answered, and nothing of what they wanted was done. A statement
# that took too long and a lock that was not to be had are among them.
AWAY = (OperationalError, InterfaceError)
READ_ONLY = "25006"
LOCKED = "55P03"


def is_away(error: BaseException) -> bool:
    """Say whether an error means that the database does not answer, or takes no writes."""
    return isinstance(error, AWAY) or (
        isinstance(error, InternalError) and sqlstate_of(error) == READ_ONLY
    )


def sqlstate_of(error: Error) -> str:
    """Return PostgreSQL's code of an error; empty when it did not come from there."""
    return getattr(error.__cause__, "sqlstate", None) or ""
