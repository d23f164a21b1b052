"""Read the finished checks of one integration, page by page, the newest first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from django.db.models import Q

from integrations_health.access import Caller
from integrations_health.models import HealthHistory
from integrations_health.positions import Position

AT_ONCE = 1_000


class PastCheck(NamedTuple):
    """One finished check."""

    id: UUID
    checked_at: datetime
    status: str
    response_time_ms: int | None
    error_code: str
    error_message: str


class Page(NamedTuple):
    """Some checks, and where the next page begins; None after the last."""

    checks: list[PastCheck]
    next: Position | None


class Range(NamedTuple):
    """From an instant on, and up to but without another; None has no end."""

    starts_at: datetime
    ends_at: datetime | None = None


def last(caller: Caller, integration_id: UUID, user_id: UUID, *, limit: int) -> list[PastCheck]:
    """Return the newest checks of an integration that its present owner had."""
    return _read(caller, integration_id, user_id, Q(), limit=limit)


def page(
    caller: Caller,
    integration_id: UUID,
    user_id: UUID,
    *,
    within: Range,
    limit: int,
    after: Position | None = None,
) -> Page:
    """Return up to `limit` checks of a range, behind `after`."""
    condition = Q(checked_at__gte=within.starts_at)
    if within.ends_at is not None:
        condition &= Q(checked_at__lt=within.ends_at)
    if after is not None:
        # The first half is for the index, which the other alone would not begin at.
        condition &= Q(checked_at__lte=after.at)
        condition &= Q(checked_at=after.at, id__lt=after.id) | Q(checked_at__lt=after.at)
    found = _read(caller, integration_id, user_id, condition, limit=limit + 1)
    if len(found) <= limit:
        return Page(found, None)
    return Page(found[:limit], Position(found[limit - 1].checked_at, found[limit - 1].id))


def every(
    caller: Caller, integration_id: UUID, user_id: UUID, *, within: Range
) -> Iterator[list[PastCheck]]:
    """Yield all checks of a range, a thousand at once: one query each, none left open between."""
    after: Position | None = None
    while True:
        part = page(caller, integration_id, user_id, within=within, limit=AT_ONCE, after=after)
        yield part.checks
        if part.next is None:
            return
        after = part.next


def _read(
    caller: Caller, integration_id: UUID, user_id: UUID, condition: Q, *, limit: int
) -> list[PastCheck]:
    rows = (
        HealthHistory.objects.visible_to(caller)
        .filter(condition, integration_id=integration_id, user_id=user_id)
        .order_by("-checked_at", "-id")
        .values_list(*PastCheck._fields)
    )
    return [PastCheck._make(row) for row in cast(Sequence[tuple[object, ...]], rows[:limit])]
