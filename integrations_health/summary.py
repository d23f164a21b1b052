"""How many integrations are how, and why: the whole population on one screen."""

from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Q

from integrations_health.models import HealthCheck
from integrations_health.outcomes import MEANINGS

_CAUSES: dict[str, str | None] = {
    outcome.value: meaning.cause for outcome, meaning in MEANINGS.items()
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """How many integrations of a provider's service share a status and its reason."""

    provider: str
    service: str
    status: str
    error_code: str | None
    cause: str | None
    count: int


class Summary(NamedTuple):
    """All integrations by provider, service, status and reason, paused ones included.

    `never_checked` counts those that wait for their first check, `paused` those nobody checks.
    """

    rows: list[Row]
    never_checked: int
    paused: int


def summarize() -> Summary:
    """Return how everybody is now, in a stable order. One statement."""
    groups = list(
        HealthCheck.objects.values_list("provider", "service", "status", "error_code")
        .annotate(
            count=Count("pk"),
            never_checked=Count("pk", filter=Q(last_check_at=None, enabled=True)),
            paused=Count("pk", filter=Q(enabled=False)),
        )
        .order_by("provider", "service", "status", "error_code")
    )
    rows = [
        Row(
            provider=provider,
            service=service,
            status=status,
            error_code=code or None,
            cause=_CAUSES.get(code),
            count=count,
        )
        for provider, service, status, code, count, _, _ in groups
    ]
    return Summary(rows, sum(group[5] for group in groups), sum(group[6] for group in groups))
