"""Read the finished checks of an integration page by page, of one outcome or of all."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from integrations_health.models import HealthHistory, Integration
from integrations_health.positions import Position

# What one looks through for an outcome that may be rare.
REACH = timedelta(days=31)
PAGE = 20


class Page(NamedTuple):
    """Some checks, newest first, and where the older ones begin; None when there are none."""

    checks: Sequence[HealthHistory]
    older: Position | None


def outcomes(watched: Integration, *, now: datetime) -> dict[str, int]:
    """Return how many checks within reach ended with which outcome, the most frequent first."""
    counts = _within_reach(watched, now).values_list("outcome").annotate(count=Count("pk"))
    return dict(counts.order_by("-count", "outcome"))


def read(
    watched: Integration, *, now: datetime, outcome: str = "", older_than: Position | None = None
) -> Page:
    """Return the newest checks within reach, of one outcome or of all. One query."""
    checks = _within_reach(watched, now)
    if outcome:
        checks = checks.filter(outcome=outcome)
    if older_than is not None:
        at, id = older_than
        # The first half is what the index is searched for.
        checks = checks.filter(Q(checked_at__lte=at), Q(checked_at__lt=at) | Q(id__lt=id))
    found = list(checks.order_by("-checked_at", "-id")[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return Page(found[:PAGE], None if last is None else Position(last.checked_at, last.pk))


def _within_reach(watched: Integration, now: datetime) -> QuerySet[HealthHistory]:
    return HealthHistory.objects.filter(
        integration_id=watched.pk, user_id=watched.user_id, checked_at__gte=now - REACH
    )
