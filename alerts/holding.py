"""Who is left in peace, and why: decided from plain values."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from alerts.rules import Rule
from integrations_health.outcomes import MEANINGS, Cause

_PROVIDER_SIDE = {
    outcome.value
    for outcome, meaning in MEANINGS.items()
    if meaning.cause in {Cause.PROVIDER, Cause.SERVICE}
}

# What comes before the comment of whoever asked for quiet.
MAINTENANCE, SILENCED = "Maintenance: ", "Silenced: "


class Reason(StrEnum):
    """Why nobody is told of an alert yet, the first that holds."""

    RULE_DISABLED = "rule_disabled"
    ACKNOWLEDGED = "acknowledged"
    INCIDENT = "incident"
    MANY_AT_ONCE = "many_at_once"
    MAINTENANCE = "maintenance"
    SILENCE = "silence"
    NO_DESTINATION = "no_destination"
    COOLDOWN = "cooldown"


class Held(NamedTuple):
    """An alert is held back; `until` is known where it ends by itself."""

    reason: Reason
    why: str
    until: datetime | None = None


class Matter(NamedTuple):
    """What an alert is about, as far as somebody can ask for quiet about it."""

    alert_id: UUID
    rule_id: UUID | None
    integration_id: UUID
    user_id: UUID
    service: str
    provider: str
    error_code: str


class Quiet(NamedTuple):
    """A silence or maintenance that is on. What is None or blank matches any."""

    is_maintenance: bool
    comment: str
    ends_at: datetime | None
    service: str = ""
    provider: str = ""
    error_code: str = ""
    user_id: UUID | None = None
    integration_id: UUID | None = None
    rule_id: UUID | None = None
    alert_id: UUID | None = None

    def matches(self, alert: Matter) -> bool:
        """Say whether the quiet is about `alert`."""
        return (
            self.service in ("", alert.service)
            and self.provider in ("", alert.provider)
            and self.error_code in ("", alert.error_code)
            and self.user_id in (None, alert.user_id)
            and self.integration_id in (None, alert.integration_id)
            and self.rule_id in (None, alert.rule_id)
            and self.alert_id in (None, alert.alert_id)
        )


class Incident(NamedTuple):
    """A provider's incident: open, or closed at some time."""

    id: UUID
    name: str
    closed_at: datetime | None


class Facts(NamedTuple):
    """What is known of an alert that somebody might be told of."""

    alert_id: UUID
    rule: Rule
    integration_id: UUID
    user_id: UUID
    service: str
    provider: str
    error_code: str
    email: str
    last_check_at: datetime | None
    is_acknowledged: bool = False
    incident: Incident | None = None
    # So many grants of the provider died at once that it is hardly each owner's.
    is_one_of_many: bool = False

    @property
    def matter(self) -> Matter:
        """Return what quiet about it would be about."""
        return Matter(
            self.alert_id,
            self.rule.id,
            self.integration_id,
            self.user_id,
            self.service,
            self.provider,
            self.error_code,
        )


def is_provider_side(error_code: str) -> bool:
    """Say whether an outcome is one that a provider's incident explains."""
    return error_code in _PROVIDER_SIDE


def held_back(alert: Facts, *, quiets: Sequence[Quiet]) -> Held | None:
    """Return why nobody is told now; None when nothing but a cooldown could still hold it back."""
    if not alert.rule.is_enabled:
        return Held(Reason.RULE_DISABLED, f"The rule “{alert.rule.name}” is switched off.")
    if not alert.rule.covers(service=alert.service, provider=alert.provider, user_id=alert.user_id):
        why = f"The rule “{alert.rule.name}” no longer covers it."
        return Held(Reason.RULE_DISABLED, why)
    if alert.is_acknowledged:
        return Held(Reason.ACKNOWLEDGED, "Somebody looks after it.")
    return (
        _by_incident(alert)
        or _by_storm(alert)
        or _by_quiet(alert, quiets)
        or _by_destination(alert)
    )


def _by_incident(alert: Facts) -> Held | None:
    incident = alert.incident
    if incident is None or not is_provider_side(alert.error_code):
        return None
    if incident.closed_at is None:
        return Held(Reason.INCIDENT, f"It is part of the incident of {incident.name}.")
    # Most have recovered with their provider: who has not is known from the next check.
    if alert.last_check_at is None or alert.last_check_at < incident.closed_at:
        why = f"The incident of {incident.name} has just ended; the next check decides."
        return Held(Reason.INCIDENT, why)
    return None


def _by_storm(alert: Facts) -> Held | None:
    if not alert.is_one_of_many or alert.rule.destination_id is not None:
        return None
    why = "Too many connections fail at once for it to be the owner's: they are not asked yet."
    return Held(Reason.MANY_AT_ONCE, why)


def _by_quiet(alert: Facts, quiets: Sequence[Quiet]) -> Held | None:
    matter = alert.matter
    for quiet in sorted(quiets, key=lambda one: not one.is_maintenance):
        if quiet.matches(matter):
            if quiet.is_maintenance:
                return Held(Reason.MAINTENANCE, MAINTENANCE + quiet.comment, quiet.ends_at)
            return Held(Reason.SILENCE, SILENCED + quiet.comment, quiet.ends_at)
    return None


def _by_destination(alert: Facts) -> Held | None:
    rule = alert.rule
    if rule.destination_id is not None:
        if rule.is_destination_enabled:
            return None
        why = f"The destination “{rule.destination_name}” is switched off."
        return Held(Reason.NO_DESTINATION, why)
    if rule.action != "email":
        why = f"The rule “{rule.name}” tells by {rule.action} and names no destination."
        return Held(Reason.NO_DESTINATION, why)
    if not alert.email:
        return Held(Reason.NO_DESTINATION, "The owner has no e-mail address, or is switched off.")
    return None
