"""Which open alerts a silence or a maintenance window is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, Q, QuerySet

from alerts import holding, sight
from alerts.models import Alert, MaintenanceWindow, Silence
from alerts.rules import Rule
from integrations_health.models import Integration

Matcher = Silence | MaintenanceWindow
M = TypeVar("M", bound=Model)

FIRST = 20
# Nobody reads more than "more than ten thousand".
MOST_COUNTED = 10_000

_COUNTS = """
WITH open AS MATERIALIZED (
    SELECT a.id, a.user_id, a.integration_id, a.rule_id, a.error_code, i.service, i.provider
    FROM health_check_alerts a JOIN user_integrations i ON i.id = a.integration_id
    WHERE a.resolved_at IS NULL LIMIT %s
)
SELECT q.place, count(*)
FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[],
        %s::uuid[]) AS q(place, service, provider, error_code, user_id, integration_id, rule_id,
        alert_id)
JOIN open ON q.service IN ('', open.service) AND q.provider IN ('', open.provider)
    AND q.error_code IN ('', open.error_code)
    AND COALESCE(q.user_id, open.user_id) = open.user_id
    AND COALESCE(q.integration_id, open.integration_id) = open.integration_id
    AND (q.rule_id IS NULL OR q.rule_id = open.rule_id)
    AND COALESCE(q.alert_id, open.id) = open.id
GROUP BY q.place
"""


class Hidden(NamedTuple):
    """How many open alerts are hidden, and the first of them, the loudest and newest."""

    total: int
    is_more: bool
    first: list[Alert]


def matching(matcher: Matcher) -> QuerySet[Alert]:
    """Return the open alerts that `matcher`, saved or not, is about."""
    alerts = Alert.objects.filter(resolved_at=None)
    fields = {
        "integration__service": matcher.service,
        "integration__provider": matcher.provider,
        "error_code": matcher.error_code,
        "user_id": matcher.user_id,
        "integration_id": matcher.integration_id,
        "rule_id": matcher.rule_id,
        "pk": _alert_id(matcher),
    }
    return alerts.filter(**{name: value for name, value in fields.items() if value})


def preview(matcher: Matcher) -> Hidden:
    """Return what `matcher` would hide now. Two queries."""
    alerts = matching(matcher)
    count = alerts[: MOST_COUNTED + 1].count()
    # By the alphabet, critical comes first.
    first = list(shown(alerts).order_by("severity", "-created_at", "pk")[:FIRST])
    return Hidden(min(count, MOST_COUNTED), count > MOST_COUNTED, first)


def shown(alerts: QuerySet[M]) -> QuerySet[M]:
    """Return alerts with whom and what they concern, but for the secrets of that."""
    return alerts.select_related("integration", "user", "acknowledged_by").defer(
        *(f"integration__{secret}" for secret in Integration.SECRETS),
        "user__password",
        "acknowledged_by__password",
    )


def counts(matchers: Sequence[Matcher]) -> dict[int, int]:
    """Return how many open alerts each of these is about, by its key. One statement."""
    if not matchers:
        return {}
    columns: list[list[Any]] = [
        list(range(len(matchers))),
        [one.service for one in matchers],
        [one.provider for one in matchers],
        [one.error_code for one in matchers],
        [one.user_id for one in matchers],
        [one.integration_id for one in matchers],
        [one.rule_id for one in matchers],
        [_alert_id(one) for one in matchers],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [MOST_COUNTED, *columns])
        found = dict(cursor.fetchall())
    return {one.pk: found.get(place, 0) for place, one in enumerate(matchers)}


def over(alerts: Sequence[Alert], *, now: datetime) -> dict[UUID, holding.Quiet]:
    """Return the quiet that is on for each of these alerts, by its id. Three queries.

    The alerts come with their integrations.
    """
    rules = sight.rules() if alerts else {}
    quiets = sight.quiets([alert.pk for alert in alerts], now=now) if alerts else []
    found = {}
    for alert in alerts:
        rule = rules.get(alert.rule_id) if alert.rule_id else None
        quiet = rule and next((one for one in quiets if one.matches(_facts(alert, rule))), None)
        if quiet:
            found[alert.pk] = quiet
    return found


def about(alert: Alert, model: type[Matcher]) -> Q:
    """Return the condition on silences, or on windows, that are about `alert`, on or not."""
    condition = Q(
        service__in=("", alert.integration.service),
        provider__in=("", alert.integration.provider),
        error_code__in=("", alert.error_code),
    )
    fields = {
        "user": alert.user_id,
        "integration": alert.integration_id,
        "rule": alert.rule_id,
        **({"alert": alert.pk} if model is Silence else {}),
    }
    for name, value in fields.items():
        condition &= Q(**{name: None}) | Q(**{name: value})
    return condition


def in_force(*, now: datetime) -> Q:
    """Return the condition on silences that are on at `now`, and on windows alike."""
    return Q(starts_at__lte=now) & (Q(ends_at=None) | Q(ends_at__gt=now))


def _alert_id(matcher: Matcher) -> UUID | None:
    return matcher.alert_id if isinstance(matcher, Silence) else None


def _facts(alert: Alert, rule: Rule) -> holding.Facts:
    return holding.Facts(
        alert_id=alert.pk,
        rule=rule,
        integration_id=alert.integration_id,
        user_id=alert.user_id,
        service=alert.integration.service,
        provider=alert.integration.provider,
        error_code=alert.error_code,
        email="",
        last_check_at=None,
    )
