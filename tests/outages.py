"""Let many integrations fail at once, and look as the beat does."""

from datetime import datetime, timedelta
from typing import Any

from integrations_health import incidents
from integrations_health.models import HealthCheck, Integration, ProviderIncident
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import check

TICK = timedelta(seconds=30)


def crowd(count: int, **fields: Any) -> list[Integration]:
    """Make integrations of different people that are healthy."""
    return [factories.integration(status="healthy", **fields) for _ in range(count)]


def vote(
    integrations: list[Integration],
    *,
    bad: int = 0,
    outcome: Outcome = Outcome.SERVER_ERROR,
    at: datetime,
) -> None:
    """Record a check of each: the first `bad` of them end with `outcome`, the rest is good."""
    if failing := integrations[:bad]:
        check(*failing, outcome=outcome, at=at)
    if fine := integrations[bad:]:
        check(*fine, at=at)


def look(at: datetime, *, times: int = 1) -> datetime:
    """Look, as often as said, at `at` and at each tick after it; return when the next would be."""
    for _ in range(times):
        assert incidents.follow(now=at)
        at += TICK
    return at


def open_now() -> set[tuple[str, str]]:
    """Return what has an open incident: the provider and the service."""
    rows = ProviderIncident.objects.filter(closed_at=None)
    return set(rows.values_list("provider", "service"))


def due_at(integration: Integration) -> datetime:
    """Return when an integration is looked at next."""
    return HealthCheck.objects.get(integration=integration).next_check_at
