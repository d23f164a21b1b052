"""What staff read of an alert besides what its owner reads: whose fault it is, what comes next."""

from datetime import datetime

from alerts.holding import Quiet, Reason
from alerts.models import Alert
from integrations_health import time_words
from integrations_health.models import HealthCheck
from integrations_health.outcomes import MEANINGS, Cause, Outcome

_WHOSE = {
    Cause.USER_GRANT: "Only the owner can mend it, by connecting it again.",
    Cause.USER_SCOPE: "Only the owner can mend it, by allowing what is missing.",
    Cause.PROVIDER: "It lies with the provider.",
    Cause.SERVICE: "It lies with the service behind the provider.",
    Cause.OURS: "It lies with us.",
}


def whose_fault(error_code: str) -> str:
    """Return with whom the cause lies; nothing where that is not known."""
    try:
        cause = MEANINGS[Outcome(error_code)].cause
    except ValueError:
        return ""
    return "" if cause is None else _WHOSE[cause]


def held_back(alert: Alert, quiet: Quiet | None) -> tuple[str, datetime | None]:
    """Return why nobody is told of an open alert, in two words, and until when; or nothing."""
    if alert.resolved_at is not None:
        return "", None
    if alert.held_back:
        return alert.held_back.replace("_", " "), alert.held_until
    return ("", None) if quiet is None else (quiet_word(quiet), quiet.ends_at)


def quiet_word(quiet: Quiet) -> str:
    """Return what kind of quiet it is, in a word."""
    return (Reason.MAINTENANCE if quiet.is_maintenance else Reason.SILENCE).value


def next_check(health: HealthCheck, *, now: datetime) -> str:
    """Return when it is looked at next."""
    if not health.enabled:
        return "The integration is paused: nothing checks it, and the alert ends at the next look."
    if health.next_check_at <= now:
        return "The next check is due now."
    return f"The next check is in {time_words.span(health.next_check_at - now)}."
