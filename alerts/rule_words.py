"""Say of a rule when it fires, of what, and whom it tells."""

from datetime import timedelta

from alerts.models import AlertRule
from alerts.models.destination import Channel
from alerts.rules import Condition
from integrations_health import names, time_words

_HOW = {Channel.EMAIL: "e-mail", Channel.WEBHOOK: "webhook", Channel.SLACK: "Slack"}


def fires(rule: AlertRule) -> str:
    """Return when it fires."""
    number = f"{rule.threshold:,.15g}"
    match rule.condition:
        case Condition.CONSECUTIVE_FAILURES:
            return "1 failure" if rule.threshold == 1 else f"{number} failures in a row"
        case Condition.RESPONSE_TIME:
            return f"an answer after {number} ms"
        case _:
            within = time_words.span(timedelta(minutes=rule.window_minutes))
            least = f"{rule.minimum_checks:,} at least"
            return f"{number} % of the checks within {within} that fail, of {least}"


def scope(rule: AlertRule) -> str:
    """Return what it looks at. It comes with its user."""
    said = [
        names.service(rule.service) if rule.service else "",
        f"via {names.provider(rule.provider)}" if rule.provider else "",
        f"of {rule.user}" if rule.user else "",
    ]
    return " ".join(filter(None, said)) or "everything"


def tells(rule: AlertRule) -> str:
    """Return whom it tells, or that this is nobody. It comes with its destination."""
    how = _HOW[Channel(rule.action)]
    if rule.destination is None:
        is_to_owner = rule.action == Channel.EMAIL
        return f"the owner, by {how}" if is_to_owner else f"nobody: no destination for {how}"
    off = "" if rule.destination.enabled else " (off)"
    return f"{rule.destination}, by {how}{off}"


def unheard(rule: AlertRule) -> str:
    """Return why nobody hears of what it finds, and what to do; "" when somebody does."""
    if rule.destination is not None:
        if rule.destination.enabled:
            return ""
        return f"“{rule.destination}” is switched off: nobody is told by this rule until it is on."
    if rule.action == Channel.EMAIL:
        return ""
    how = _HOW[Channel(rule.action)]
    return f"It names no destination for {how}: nobody is told by this rule until it does."
