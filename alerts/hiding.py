"""Which open alerts a silence or a maintenance window is about."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Count, Max, Model, Q, QuerySet

from alerts import causes, holding, sight
from alerts.causes import Cause
from alerts.models import Alert, MaintenanceWindow, Silence
from integrations_health.models import Integration

Matcher = Silence | MaintenanceWindow
M = TypeVar("M", bound=Model)
W = TypeVar("W", Silence, MaintenanceWindow)

FIRST = 20
# Nobody reads more than "more than ten thousand".
MOST_COUNTED = 10_000
_NONE = UUID(int=0)


class Hidden(NamedTuple):
    """How many open alerts are hidden, and the first of them, the loudest and newest."""

    total: int
    is_more: bool
    first: list[Alert]


def matching(matcher: Matcher) -> Q:
    """Return the condition on alerts that `matcher`, saved or not, is about them.

    `holding.Quiet.matches` says the same of one alert in memory.
    """
    fields = {
        "integration__service": matcher.service,
        "integration__provider": matcher.provider,
        "error_code": matcher.error_code,
        "user_id": matcher.user_id,
        "integration_id": matcher.integration_id,
        "rule_id": matcher.rule_id,
        "pk": matcher.alert_id if isinstance(matcher, Silence) else None,
    }
    return Q(**{name: value for name, value in fields.items() if value})


def preview(matcher: Matcher) -> Hidden:
    """Return what `matcher` would hide now. Two queries."""
    alerts = Alert.objects.filter(matching(matcher), resolved_at=None)
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
    some = Alert.objects.filter(resolved_at=None).values("pk")[:MOST_COUNTED]
    asked = {
        # Of everything, every alert: a count with no condition.
        f"of_{one.pk}": Count("pk", filter=matching(one) or None)
        for one in matchers
    }
    found = Alert.objects.filter(pk__in=some).order_by().aggregate(**asked)
    return {one.pk: found[f"of_{one.pk}"] for one in matchers}


def over(alerts: Sequence[Alert], *, now: datetime) -> dict[UUID, holding.Quiet]:
    """Return the quiet that is on for each of these alerts, by its id. Two queries.

    The alerts come with their integrations.
    """
    quiets = sight.quiets([alert.pk for alert in alerts], now=now) if alerts else []
    found = {}
    for alert in alerts:
        matter = _matter(alert)
        if quiet := next((one for one in quiets if one.matches(matter)), None):
            found[alert.pk] = quiet
    return found


def over_causes(asked: Sequence[Cause], *, now: datetime) -> dict[Cause, holding.Quiet]:
    """Return the quiet that is on for all alerts of each of these causes. Two queries."""
    quiets = sight.quiets([], now=now)
    found = {}
    for cause in asked:
        # Of nobody's: what asks for one user, integration or rule is not about all of it.
        matter = holding.Matter(
            _NONE, None, _NONE, _NONE, cause.service, cause.provider, cause.error_code
        )
        whole = (one for one in quiets if one.rule_id is None and one.matches(matter))
        if quiet := next(whole, None):
            found[cause] = quiet
    return found


def alone(alerts: QuerySet[Alert], *, now: datetime) -> dict[Cause, tuple[int, datetime | None]]:
    """Return how many alerts of each cause have a silence of their own, and until when the last.

    One query.
    """
    on = Q(silences__starts_at__lte=now) & (
        Q(silences__ends_at=None) | Q(silences__ends_at__gt=now)
    )
    some = alerts.filter(on).order_by().values("pk")[:MOST_COUNTED]
    rows = Alert.objects.filter(on, pk__in=some).order_by().values_list(*causes.BY)
    found = rows.annotate(count=Count("pk", distinct=True), until=Max("silences__ends_at"))
    return {Cause(*of): (count, until) for *of, count, until in found}


def about(alert: Alert, rows: Iterable[W]) -> list[W]:
    """Return those of the silences, or of the windows, that are about `alert`, on or not."""
    matter = _matter(alert)
    return [row for row in rows if sight.quiet(row).matches(matter)]


def _matter(alert: Alert) -> holding.Matter:
    watched = alert.integration
    return holding.Matter(
        alert.pk,
        alert.rule_id,
        alert.integration_id,
        alert.user_id,
        watched.service,
        watched.provider,
        alert.error_code,
    )
