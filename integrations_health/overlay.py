"""An open incident of a provider lies over the status of its integrations when it is read."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from django.db import connection
from django.db.models import Count, Q

from integrations_health.models import ProviderIncident
from integrations_health.outage_rules import Scope
from integrations_health.status import Status


class OpenIncidents:
    """The incidents that are open now, read once for any number of integrations."""

    def __init__(self, incidents: Sequence[ProviderIncident]) -> None:
        """Keep the incidents, the oldest first."""
        self._incidents = incidents

    @classmethod
    def read(cls) -> "OpenIncidents":
        """Return what is open now. One query."""
        return cls(list(ProviderIncident.objects.filter(closed_at=None).order_by("opened_at")))

    def over(self, *, provider: str, service: str) -> ProviderIncident | None:
        """Return the oldest open incident that concerns a service through a provider.

        An incident without a service concerns the whole provider, one without a provider the
        service wherever it is reached.
        """
        for incident in self._incidents:
            if Scope(incident.provider, incident.service).covers(provider, service):
                return incident
        return None

    def showing(self, statuses: Collection[str]) -> Q:
        """Return the condition on integrations whose status is shown as one of `statuses`."""
        condition = Q(health__status__in=set(statuses) - {Status.HEALTHY})
        if Status.HEALTHY in statuses:
            condition |= Q(health__status=Status.HEALTHY) & ~self._covered()
        if Status.DEGRADED in statuses:
            condition |= Q(health__status=Status.HEALTHY) & self._covered()
        return condition

    def _covered(self) -> Q:
        covered = Q(pk__in=())
        for incident in self._incidents:
            concerned = Q(pk__isnull=False)
            if incident.provider:
                concerned &= Q(provider=incident.provider)
            if incident.service:
                concerned &= Q(service=incident.service)
            covered |= concerned
        return covered


def shown_status(status: str, incident: ProviderIncident | None) -> str:
    """Return the status that people read: what is healthy reads degraded under an incident."""
    if incident is not None and status == Status.HEALTHY:
        return Status.DEGRADED.value
    return status


def shown_since(
    since: datetime | None, status: str, incident: ProviderIncident | None
) -> datetime | None:
    """Return since when a row of this `status` is as people read it; None where nothing is known.

    What reads degraded under an incident does so since that began, or the row is healthy.
    """
    if incident is None or since is None or status != Status.HEALTHY:
        return since
    return max(since, incident.opened_at)


class Turns:
    """How often incidents began or ended: what is shown changes then, though no row does."""

    def __init__(self, counts: Sequence[tuple[str, str, int]]) -> None:
        """Keep provider, service and count of each kind of incident."""
        self._counts = counts

    @classmethod
    def read(cls) -> "Turns":
        """Count them. One query; incidents are never deleted, so the counts only grow."""
        kinds = ProviderIncident.objects.values_list("provider", "service")
        counted = kinds.annotate(turns=Count("pk") + Count("closed_at")).order_by()
        return cls([(provider, service, turns) for provider, service, turns in counted])

    def version(self, state_version: int, *, provider: str, service: str) -> int:
        """Return the version of what is shown of a row of this version."""
        return state_version + sum(
            turns
            for of_provider, of_service, turns in self._counts
            if Scope(of_provider, of_service).covers(provider, service)
        )


class Row(Protocol):
    """What is to be shown: a HealthCheck, or what was read of one."""

    @property
    def provider(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def state_version(self) -> int: ...


class Overlay(NamedTuple):
    """What lies over rows when they are read, and how often that changed."""

    incidents: OpenIncidents
    turns: Turns

    @classmethod
    def read(cls) -> Self:
        """Return both as they are in the same instant. One statement."""
        with connection.cursor() as cursor:
            cursor.execute(_READ)
            found = cursor.fetchall()
        return cls(
            OpenIncidents(
                [
                    ProviderIncident(pk, provider, service, *rest)
                    for provider, service, _, pk, *rest in found
                    if pk is not None
                ]
            ),
            Turns([(provider, service, turns) for provider, service, turns, *_ in found]),
        )

    def over(self, row: Row) -> tuple[ProviderIncident | None, int]:
        """Return the incident over a row, None when there is none, and the version of the two."""
        place = {"provider": row.provider, "service": row.service}
        return self.incidents.over(**place), self.turns.version(row.state_version, **place)


# By hand: it is read with every answer of the API, and Django's own query costs four times as much.
_READ = """
SELECT kinds.provider, kinds.service, kinds.turns,
    open.id, open.cause, open.opened_at, open.closed_at, open.affected_users
FROM (
    SELECT provider, service, count(*) + count(closed_at) AS turns
    FROM provider_incidents GROUP BY provider, service
) AS kinds
LEFT JOIN provider_incidents AS open ON open.provider = kinds.provider
    AND open.service = kinds.service AND open.closed_at IS NULL
ORDER BY open.opened_at
"""
