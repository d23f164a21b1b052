"""Read providers' incidents page by page: open ones first, then the newest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from django.db.models import BooleanField, ExpressionWrapper, Q

from integrations_health.models import ProviderIncident
from integrations_health.positions import Position

_OPEN, _OVER = "o", "c"


class Place(NamedTuple):
    """Where a page ended: among the open or among those that are over, and behind which.

    One that ends while somebody turns the pages may be met again, among those that are over; none
    is left out.
    """

    is_over: bool
    position: Position

    def __str__(self) -> str:
        return f"{_OVER if self.is_over else _OPEN}{self.position}"

    @classmethod
    def parse(cls, value: str) -> Self:
        """Return the place that `str` wrote. Raises typed_values.Bad."""
        is_known = value[:1] in (_OPEN, _OVER)
        return cls(value[:1] == _OVER, Position.parse(value[1:] if is_known else ""))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which incidents a list shall hold; what is empty or None allows all.

    An incident concerns a provider or a service also when it is one of all of them.
    """

    is_open: bool | None = None
    providers: Collection[str] = ()
    services: Collection[str] = ()


class Page(NamedTuple):
    """Some incidents, and where the next page begins; None after the last."""

    incidents: Sequence[ProviderIncident]
    next: Place | None


def page(wanted: Wanted, *, limit: int, after: Place | None = None) -> Page:
    """Return up to `limit` incidents behind `after`. One statement."""
    is_over = ExpressionWrapper(Q(closed_at__isnull=False), output_field=BooleanField())
    rows = ProviderIncident.objects.annotate(is_over=is_over).filter(_condition(wanted))
    if after is not None:
        at, last = after.position
        behind = Q(opened_at=at, pk__lt=last) | Q(opened_at__lt=at)
        rows = rows.filter(Q(is_over__gt=after.is_over) | Q(behind, is_over=after.is_over))
    found = list(rows.order_by("is_over", "-opened_at", "-pk")[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    last_shown = found[limit - 1]
    position = Position(last_shown.opened_at, last_shown.pk)
    return Page(found[:limit], Place(last_shown.closed_at is not None, position))


def _condition(wanted: Wanted) -> Q:
    condition = Q()
    if wanted.is_open is not None:
        condition &= Q(closed_at__isnull=wanted.is_open)
    if wanted.providers:
        condition &= Q(provider__in=[*wanted.providers, ""])
    if wanted.services:
        condition &= Q(service__in=[*wanted.services, ""])
    return condition
