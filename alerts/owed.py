"""Look again at what was held back, at any time and from any number of workers."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from alerts import decisions, lifecycle, sight, telling
from alerts.decisions import Line, Verdict
from alerts.models import Alert
from alerts.rules import Condition
from alerts.telling import Owed
from integrations_health import unnest
from integrations_health.status import Status

AT_ONCE = 500

_OWED = Q(told_at=None) | Q(escalated_at__isnull=False, escalation_told_at=None)


def tell(*, now: datetime, at_once: int = AT_ONCE) -> None:
    """Tell what is still true and no longer held back. Nothing is told twice."""
    last: UUID | None = None
    while (last := _tell_some(last, now=now, at_once=at_once)) is not None:
        pass


def end_unwatched(*, now: datetime, at_once: int = AT_ONCE) -> None:
    """Resolve the alerts of integrations that were paused: nobody will see them recover."""
    while _end_some(now=now, at_once=at_once) == at_once:
        pass


@transaction.atomic
def _tell_some(after: UUID | None, *, now: datetime, at_once: int) -> UUID | None:
    """Look at the next alerts in the order of their ids; return the last, None when it was."""
    owed = Alert.objects.filter(_OWED, resolved_at=None, rule__isnull=False)
    if after is not None:
        owed = owed.filter(pk__gt=after)
    # What another worker holds, it looks at itself.
    alerts = list(lifecycle.locked(owed, skip=True)[:at_once])
    watched = sight.watched([alert.integration_id for alert in alerts])
    rules = sight.rules() if alerts else {}
    found = [
        Owed(alert, rules[alert.rule_id], watched[alert.integration_id])
        for alert in alerts
        if alert.rule_id in rules and alert.integration_id in watched
    ]
    found = [one for one in found if not _works_for_now(one)]
    if found:
        before = [telling.as_written(one.alert) for one in found]
        lines = telling.tell(found, now=now)
        # Thousands may be held back, and most of them for the reason of the last look.
        changed = [
            one.alert
            for one, was in zip(found, before, strict=True)
            if telling.as_written(one.alert) != was
        ]
        if changed:
            unnest.update(changed, columns=telling.WRITTEN)
        decisions.append(lines, at=now)
    return alerts[-1].pk if len(alerts) == at_once else None


def _works_for_now(one: Owed) -> bool:
    """Say whether it flaps and is up: whoever is told that it fails is told so while it does."""
    is_over_at_once = one.rule.condition is Condition.CONSECUTIVE_FAILURES
    return is_over_at_once and one.alert.is_flapping and one.watched.status == Status.HEALTHY


@transaction.atomic
def _end_some(*, now: datetime, at_once: int) -> int:
    unwatched = Alert.objects.filter(resolved_at=None, integration__enabled=False)
    alerts = list(lifecycle.locked(unwatched, skip=True)[:at_once])
    if alerts:
        for alert in alerts:
            alert.resolved_at = max(now, alert.created_at)
        unnest.update(alerts, columns=["resolved_at"])
        telling.tell_of_end([alert.id for alert in alerts], now=now)
        why = "The integration is no longer watched."
        lines = [Line(alert.pk, Verdict.RESOLVED, why) for alert in alerts]
        decisions.append(lines, at=now)
    return len(alerts)
