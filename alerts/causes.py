"""Open alerts by what they have in common: the provider, the service and the error."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from alerts.models import Alert
from alerts.rules import Severity
from integrations_health import names
from integrations_health.outcomes import MEANINGS, Outcome

# A third of the largest population that we know of, failing at once. It is said when it is cut.
MOST_ALERTS = 100_000
MOSTBYS = 50

# What makes it, by the names of fields.
BY = ("integration__provider", "integration__service", "error_code")


class Cause(NamedTuple):
    """What many alerts have in common."""

    provider: str
    service: str
    error_code: str


class Person(NamedTuple):
    """Who looks after how many alerts of a cause."""

    name: str
    alerts: int


class Held(NamedTuple):
    """Why how many alerts of a cause were told to nobody, and until when, where that is known."""

    reason: str
    alerts: int
    until: datetime | None


class Group(NamedTuple):
    """The open alerts of one cause."""

    cause: Cause
    alerts: int
    users: int
    critical: int
    since: datetime
    acknowledged_by: list[Person]
    held_back: list[Held]

    @property
    def severity(self) -> str:
        """The loudest severity among them."""
        return (Severity.CRITICAL if self.critical else Severity.WARNING).value

    @property
    def key(self) -> str:
        """The cause as it stands in an address."""
        return key(self.cause)

    @property
    def title(self) -> str:
        """What is failing."""
        return title(self.cause)

    @property
    def sentence(self) -> str:
        """The cause in plain words."""
        return explain(self.cause.error_code)

    @property
    def unacknowledged(self) -> int:
        """How many nobody looks after."""
        return self.alerts - sum(person.alerts for person in self.acknowledged_by)


class Overview(NamedTuple):
    """The causes, the worst first; how many more there are; whether there are more alerts."""

    groups: list[Group]
    more_causes: int
    is_cut: bool


def by_cause(alerts: QuerySet[Alert]) -> Overview:
    """Group open alerts by cause. Three queries, whatever their number."""
    # As many as are quick to read, whichever these are.
    some = Alert.objects.filter(pk__in=alerts.order_by().values("pk")[:MOST_ALERTS]).order_by()
    causes = some.values_list(*BY)
    found = causes.annotate(
        alerts=Count("pk"),
        users=Count("user", distinct=True),
        critical=Count("pk", filter=Q(severity=Severity.CRITICAL.value)),
        first=Min(Coalesce("began_at", "created_at")),
    )
    people, held = _people(some), _held(some)
    groups = []
    for *of, alerts_of, users, critical, since in found:
        cause = Cause(*of)
        by, because = people.get(cause, []), held.get(cause, [])
        groups.append(Group(cause, alerts_of, users, critical, since, by, because))
    groups.sort(key=lambda group: (not group.critical, -group.users, group.since))
    total = sum(group.alerts for group in groups)
    is_cut = total == MOST_ALERTS
    return Overview(groups[:MOSTBYS], max(len(groups) - MOSTBYS, 0), is_cut)


def among(causes: Iterable[Cause]) -> Q:
    """Return the condition on alerts that they have one of these causes."""
    condition = Q(pk__in=())
    for cause in causes:
        condition |= Q(**dict(zip(BY, cause, strict=True)))
    return condition


def title(cause: Cause) -> str:
    """Return what is failing."""
    return f"{names.service(cause.service)} via {names.provider(cause.provider)}"


def key(cause: Cause) -> str:
    """Return a cause as it stands in an address."""
    return "/".join(cause)


def parse(key: str) -> Cause | None:
    """Return the cause that stands in an address, None for anything else."""
    provider, _, rest = key.partition("/")
    # What a service is called is not ours to say: it may hold a slash.
    service, _, error_code = rest.rpartition("/")
    return Cause(provider, service, error_code) if provider and service else None


def explain(error_code: str) -> str:
    """Return what an error code means, in a sentence; the code itself when nobody knows."""
    try:
        return MEANINGS[Outcome(error_code)].sentence
    except ValueError:
        return error_code or "The cause is not known."


def _people(alerts: QuerySet[Alert]) -> dict[Cause, list[Person]]:
    rows = (
        alerts.exclude(acknowledged_at=None)
        .values_list(*BY, "acknowledged_by__username")
        .annotate(count=Count("pk"))
        .order_by("-count", "acknowledged_by__username")
    )
    found = defaultdict(list)
    for *of, name, count in rows:
        found[Cause(*of)].append(Person(name or "somebody who is gone", count))
    return found


def _held(alerts: QuerySet[Alert]) -> dict[Cause, list[Held]]:
    rows = (
        alerts.exclude(held_back="")
        .values_list(*BY, "held_back")
        .annotate(count=Count("pk"), until=Max("held_until"))
        .order_by("-count", "held_back")
    )
    found = defaultdict(list)
    for *of, reason, count, until in rows:
        found[Cause(*of)].append(Held(reason.replace("_", " "), count, until))
    return found
