"""Read integrations with their current health: one, or a page of them, and no secret."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from integrations_health.access import Caller
from integrations_health.models import HealthCheck, Integration, User
from integrations_health.overlay import OpenIncidents
from integrations_health.positions import Position


class Watched(NamedTuple):
    """An integration and how it is, at `read_at` by the database's clock."""

    pk: UUID
    user_id: UUID
    service: str
    provider: str
    display_name: str
    enabled: bool
    interval_seconds: int
    connected_at: datetime | None
    created_at: datetime
    status: str
    response_time_ms: int | None
    last_check_at: datetime | None
    next_check_at: datetime
    status_since: datetime | None
    consecutive_failures: int
    error_code: str
    error_message: str
    state_version: int
    read_at: datetime


class WatchedHealth(NamedTuple):
    """How an integration is, and no more of it than that needs."""

    integration_id: UUID
    user_id: UUID
    service: str
    provider: str
    enabled: bool
    status: str
    response_time_ms: int | None
    last_check_at: datetime | None
    next_check_at: datetime
    status_since: datetime | None
    consecutive_failures: int
    error_code: str
    error_message: str
    state_version: int
    read_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which integrations a list shall hold; what is empty or None allows all.

    `statuses` are those that people are shown. `user` is the application's id of a user, or ours.
    """

    statuses: Collection[str] = ()
    services: Collection[str] = ()
    providers: Collection[str] = ()
    enabled: bool | None = None
    user: str | None = None


class Page(NamedTuple):
    """Some integrations, and where the next page begins; None after the last."""

    rows: list[Watched]
    next: Position | None


_OF_INTEGRATION = Watched._fields[: Watched._fields.index("status")]
_OF_HEALTH = Watched._fields[Watched._fields.index("status") : -1]
_COLUMNS: tuple[str | Now, ...] = (
    *_OF_INTEGRATION,
    *(f"health__{name}" for name in _OF_HEALTH),
    Now(),
)

_COLUMNS_OF_HEALTH: tuple[str | Now, ...] = (*WatchedHealth._fields[:-1], Now())


def one(caller: Caller, integration_id: UUID) -> Watched | None:
    """Return an integration; None when there is none, or none that `caller` may see."""
    return next(iter(_read(Integration.objects.visible_to(caller).filter(pk=integration_id))), None)


def health(caller: Caller, integration_id: UUID) -> WatchedHealth | None:
    """Return how an integration is; None when there is none, or none that `caller` may see.

    Of one table: it is what is asked for most, and a join costs Django twice the time.
    """
    rows = HealthCheck.objects.visible_to(caller).filter(integration_id=integration_id)
    found = cast(Sequence[tuple[object, ...]], rows.values_list(*_COLUMNS_OF_HEALTH))
    return next((WatchedHealth._make(row) for row in found), None)


def page(
    caller: Caller,
    wanted: Wanted,
    *,
    incidents: OpenIncidents,
    limit: int,
    after: Position | None = None,
) -> Page:
    """Return up to `limit` integrations in the order in which they were made, behind `after`."""
    rows = Integration.objects.visible_to(caller).filter(_condition(wanted, incidents))
    if after is not None:
        behind = Q(created_at=after.at, pk__gt=after.id) | Q(created_at__gt=after.at)
        # The first half is for the index, which the other alone would not begin at.
        rows = rows.filter(Q(created_at__gte=after.at), behind)
    found = _read(rows.order_by("created_at", "pk")[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], Position(last.created_at, last.pk))


def _read(rows: QuerySet[Integration]) -> list[Watched]:
    # Plain tuples: a model for each row would cost more than everything else about a page.
    values = cast(Sequence[tuple[object, ...]], rows.values_list(*_COLUMNS))
    return [Watched._make(row) for row in values]


def _condition(wanted: Wanted, incidents: OpenIncidents) -> Q:
    condition = Q()
    if wanted.statuses:
        condition &= incidents.showing(wanted.statuses)
    if wanted.services:
        condition &= Q(service__in=wanted.services)
    if wanted.providers:
        condition &= Q(provider__in=wanted.providers)
    if wanted.enabled is not None:
        condition &= Q(enabled=wanted.enabled)
    if wanted.user is not None:
        condition &= Q(user__in=User.objects.filter(_is_user(wanted.user)))
    return condition


def _is_user(reference: str) -> Q:
    try:
        return Q(external_id=reference) | Q(pk=UUID(reference))
    except ValueError:
        return Q(external_id=reference)
