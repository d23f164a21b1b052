"""What there is to know of one alert and what happens next, in plain words for staff."""

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
_HELD = {
    Reason.RULE_DISABLED: "Nobody is told while its rule is switched off.",
    Reason.ACKNOWLEDGED: "Nobody is told while somebody looks after it.",
    Reason.INCIDENT: "Nobody is told while the provider has an incident; the check after it "
    "decides.",
    Reason.MANY_AT_ONCE: "So many of the provider's connections fail at once that it is hardly the "
    "owner's: they are not asked to reconnect until fewer do.",
    Reason.MAINTENANCE: "Nobody is told during the maintenance.",
    Reason.SILENCE: "Nobody is told while it is silenced.",
    Reason.NO_DESTINATION: "Nobody can be told: the rule has no destination that works, or the "
    "owner no e-mail address.",
    Reason.COOLDOWN: "The same was told not long ago. It is told when the cooldown is over, if it "
    "is still true.",
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
    if quiet is not None:
        what = Reason.MAINTENANCE if quiet.is_maintenance else Reason.SILENCE
        return what.value, quiet.ends_at
    return "", None


def next_steps(alert: Alert, health: HealthCheck, *, now: datetime) -> list[str]:
    """Return what happens next, sentence by sentence."""
    if alert.resolved_at is not None:
        return ["Nothing: it is over."]
    return [_next_check(health, now=now), *_next_news(alert)]


def _next_check(health: HealthCheck, *, now: datetime) -> str:
    if not health.enabled:
        return "The integration is paused: nothing checks it, and the alert ends at the next look."
    if health.next_check_at <= now:
        return "The next check is due now."
    return f"The next check is in {time_words.span(health.next_check_at - now)}."


def _next_news(alert: Alert) -> list[str]:
    said = []
    if alert.told_at is not None:
        said.append("When it works again, whoever was told of it hears so.")
        if alert.escalated_at is not None and alert.escalation_told_at is None:
            said.append("That it became worse is still to be told.")
    if alert.held_back:
        said.append(_HELD[Reason(alert.held_back)])
    elif alert.told_at is None:
        said.append("Whoever its rule names is told at the next look.")
    if alert.is_flapping:
        said.append("It fails and recovers again and again: it stays open until that ends.")
    return said
