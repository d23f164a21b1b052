"""Tell staff of a machine whose clock is wrong: whom it talks to may refuse what it dates."""

from datetime import UTC, datetime, timedelta

from django.db import transaction

from alerts import notices
from alerts.models import StaffNotice
from integrations_health import clock, time_words

Kind = StaffNotice.Kind

TOLERANCE = timedelta(seconds=5)


@transaction.atomic
def follow(host: str) -> None:
    """Open a notice while this machine's clock is surely off, and close it once it is right."""
    ahead, now = _ahead()
    if abs(ahead) > TOLERANCE:
        where = "ahead of" if ahead > timedelta() else "behind"
        said = f"The clock of {host} is {time_words.span(abs(ahead))} {where} the database's."
        notices.open_notice(Kind.WRONG_CLOCK, host, said, now=now)
    else:
        notices.close_over(Kind.WRONG_CLOCK, host, now=now)


def _ahead() -> tuple[timedelta, datetime]:
    """Return by how much at least this machine's clock is ahead of the database's, and its time.

    It is negative for a clock that is behind. The database read its own at some instant between the
    question and its answer: however long that took, no clock that may be right is called wrong.
    """
    asked_at = datetime.now(UTC)
    databases = clock.now()
    answered_at = datetime.now(UTC)
    if asked_at > databases:
        return asked_at - databases, databases
    return min(answered_at - databases, timedelta()), databases
