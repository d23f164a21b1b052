"""Say of a silence or a maintenance window what it is about, and whether it is on."""

from datetime import datetime

from alerts.models import MaintenanceWindow, Silence

Matcher = Silence | MaintenanceWindow

ON, TO_COME, OVER = "on", "to come", "over"


def about(matcher: Matcher) -> str:
    """Return what it hides, as a list of what is filled in. It comes with its rows."""
    said = [
        part
        for part in (
            matcher.service,
            matcher.provider and f"via {matcher.provider}",
            matcher.error_code,
            matcher.user and f"user {matcher.user}",
            matcher.integration and f"integration {matcher.integration}",
            matcher.rule and f"rule “{matcher.rule}”",
            isinstance(matcher, Silence) and matcher.alert and f"alert “{matcher.alert}”",
        )
        if part
    ]
    return ", ".join(said) or "everything"


def state(matcher: Matcher, *, now: datetime) -> str:
    """Return whether it is on, to come or over."""
    alert = matcher.alert if isinstance(matcher, Silence) else None
    if alert is not None and alert.resolved_at is not None:
        return OVER
    if matcher.ends_at is not None and matcher.ends_at <= now:
        return OVER
    return TO_COME if matcher.starts_at > now else ON
