"""Does a rule fire, and how loud: decided from plain values."""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from integrations_health.outcomes import Observation, Outcome
from integrations_health.status import Status, Vote


class Condition(StrEnum):
    """What a rule looks at."""

    CONSECUTIVE_FAILURES = "consecutive_failures"
    RESPONSE_TIME = "response_time"
    ERROR_RATE = "error_rate"


class Severity(StrEnum):
    """How loud an alert is, from the loudest on."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    def is_louder_than(self, other: str) -> bool:
        """Say whether this is worse news than `other`."""
        loudness = list(Severity)
        return loudness.index(self) < loudness.index(Severity(other))


class AlertType(StrEnum):
    """What an alert tells of."""

    FAILURE = "failure"
    DEGRADED = "degraded"
    RECOVERED = "recovered"


class Verdict(StrEnum):
    """What a rule says of one result."""

    HOLDS = "holds"
    ENDED = "ended"
    UNDECIDED = "undecided"  # nothing that the rule looks at was seen


class Rate(NamedTuple):
    """How many of an integration's checks failed within a rule's window."""

    failed: int = 0
    checks: int = 0


class Rule(NamedTuple):
    """An alert rule as a value."""

    id: UUID
    name: str
    condition: Condition
    threshold: float
    severity: Severity
    action: str
    cooldown: timedelta
    window: timedelta = timedelta(hours=1)
    minimum_checks: int = 1
    service: str = ""
    provider: str = ""
    user_id: UUID | None = None
    is_enabled: bool = True
    destination_id: UUID | None = None
    destination_name: str = ""
    is_destination_enabled: bool = True

    def covers(self, *, service: str, provider: str, user_id: UUID) -> bool:
        """Say whether an integration is in the rule's scope; what is left blank is any."""
        return (
            self.service in ("", service)
            and self.provider in ("", provider)
            and self.user_id in (None, user_id)
        )


# Slow is not wrong: there is a condition for it.
NO_FAILURES = frozenset({Outcome.OK, Outcome.SLOW})
# Loud only when nothing works: while it is degraded, part of it still does.
_SOFTER_WHILE_DEGRADED = {Condition.CONSECUTIVE_FAILURES, Condition.ERROR_RATE}


def judge(rule: Rule, seen: Observation, *, rate: Rate = Rate()) -> Verdict:  # noqa: B008 - a value
    """Say whether the condition of `rule` holds after `seen`, or is over."""
    if seen.vote is Vote.ABSTAINS:
        return Verdict.UNDECIDED
    match rule.condition:
        case Condition.CONSECUTIVE_FAILURES:
            if seen.vote is Vote.HEALTHY:
                return Verdict.ENDED
            return _verdict(seen.consecutive_failures >= rule.threshold, Verdict.UNDECIDED)
        case Condition.RESPONSE_TIME:
            if seen.response_time_ms is None:
                return Verdict.UNDECIDED
            return _verdict(seen.response_time_ms > rule.threshold, _unless_it_fails(seen))
        case Condition.ERROR_RATE:
            if rate.checks < rule.minimum_checks:
                # Seldom checked by now, it may never be checked often enough again.
                return Verdict.UNDECIDED if rate.failed else _unless_it_fails(seen)
            is_high = 100 * rate.failed >= rule.threshold * rate.checks
            return _verdict(is_high, _unless_it_fails(seen))


def opens(rule: Rule, seen: Observation, *, rate: Rate = Rate()) -> bool:  # noqa: B008 - a value
    """Say whether `seen` opens an alert where none is open: never good news, unless it is slow."""
    is_bad = seen.vote is not Vote.HEALTHY or rule.condition is Condition.RESPONSE_TIME
    return is_bad and judge(rule, seen, rate=rate) is Verdict.HOLDS


def severity(rule: Rule, status: Status) -> Severity:
    """Return how loud an alert of `rule` is while the integration has this status."""
    is_softer = status is not Status.UNHEALTHY and rule.condition in _SOFTER_WHILE_DEGRADED
    return Severity.WARNING if is_softer else rule.severity


def alert_type(status: Status) -> AlertType:
    """Return what an alert tells of while the integration has this status."""
    return AlertType.FAILURE if status is Status.UNHEALTHY else AlertType.DEGRADED


def _verdict(holds: bool, otherwise: Verdict) -> Verdict:
    return Verdict.HOLDS if holds else otherwise


def _unless_it_fails(seen: Observation) -> Verdict:
    # An end is told as "works again": a refusal that comes quickly is no such thing.
    return Verdict.ENDED if seen.outcome in NO_FAILURES else Verdict.UNDECIDED
