"""Let most checks wait while an incident is open, and make them due again when it is over.

Only for incidents that we detected, and so end ourselves: one that somebody opened and forgot must
not keep us from looking.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from integrations_health import budget, schedule
from integrations_health.claim_sql import IS_FREE
from integrations_health.models import ProviderIncident
from integrations_health.outage_counts import IN_SCOPE

# So that each that is asked has a result in the longest window, whatever its own interval.
PROBE_EVERY = timedelta(minutes=4)
# What would be due before the look after the next.
SOON = timedelta(seconds=60)
# Should nobody look any more, they are due by themselves after this, and up to half of it more.
WAIT = timedelta(minutes=10)
CHUNK = 5_000
# Who was down long before says nothing of when it is over.
LONG_BEFORE = timedelta(minutes=5)

# Random by incident, and the same at each look at it. What somebody made due (it has no slot), what
# was never checked, and a dead grant that is to be confirmed do not wait.
_HOLD = f"""
WITH probing AS MATERIALIZED (
    SELECT h.integration_id FROM integration_health_checks h WHERE {IN_SCOPE}
    ORDER BY h.status = 'unhealthy' AND h.status_since < %(opened_at)s - %(long_before)s,
        hashtextextended(h.integration_id::text, %(seed)s)
    LIMIT %(probing)s
), moving AS MATERIALIZED (
    SELECT h.integration_id, probing.integration_id IS NOT NULL AS is_probing
    FROM integration_health_checks h LEFT JOIN probing USING (integration_id)
    WHERE {IN_SCOPE} AND {IS_FREE.format(now="%(now)s")} AND CASE
        WHEN probing.integration_id IS NOT NULL
            THEN h.next_check_at > GREATEST(h.last_check_at + %(every)s, %(now)s)
        ELSE h.next_check_at < %(now)s + %(soon)s AND h.last_check_at IS NOT NULL
            AND h.slot_at IS NOT NULL AND h.suspected_at IS NULL
    END
    -- Ordered: two that lock the same rows must not lock them crosswise.
    ORDER BY h.integration_id LIMIT %(chunk)s FOR UPDATE OF h SKIP LOCKED
)
UPDATE integration_health_checks h
SET next_check_at = CASE WHEN moving.is_probing
    THEN GREATEST(h.last_check_at + %(every)s, %(now)s)
    ELSE %(now)s + %(wait)s * (1 + random() / 2) END
FROM moving WHERE h.integration_id = moving.integration_id
"""
# Another incident may concern some of them, and is not over.
_WAITING = f"""
    {IN_SCOPE} AND h.next_check_at > %(now)s AND NOT EXISTS (
        SELECT FROM provider_incidents other
        WHERE other.holds_checks AND other.closed_at IS NULL
            AND other.provider IN ('', h.provider) AND other.service IN ('', h.service)
    )
"""
_NEXT = f"""
SELECT h.integration_id FROM integration_health_checks h
WHERE {_WAITING}
    AND (%(after)s::uuid IS NULL OR h.integration_id > %(after)s)
ORDER BY h.integration_id LIMIT %(chunk)s
"""


def hold(incident: ProviderIncident, *, probing: int, now: datetime) -> None:
    """Let all but `probing` checks of what an incident concerns wait; those go on being made.

    No failure is counted for what is not asked. Call it at each look while the incident is open.
    """
    if not incident.holds_checks:
        ProviderIncident.objects.filter(pk=incident.pk).update(holds_checks=True)
    arguments: dict[str, Any] = {
        "provider": incident.provider,
        "service": incident.service,
        "opened_at": incident.opened_at,
        "long_before": LONG_BEFORE,
        "seed": incident.pk.int % 2**63,
        "probing": probing,
        "now": now,
        "every": PROBE_EVERY,
        "soon": SOON,
        "wait": WAIT,
        "chunk": CHUNK,
    }
    moved = CHUNK
    while moved == CHUNK:
        with connection.cursor() as cursor:
            cursor.execute(_HOLD, arguments)
            moved = cursor.rowcount


def end(*, now: datetime) -> None:
    """Make due again what waited for incidents that are over, spread out as the limits allow."""
    closed = ProviderIncident.objects.filter(holds_checks=True).exclude(closed_at=None)
    for incident in closed.select_related("continued_by").order_by("pk"):
        for provider in () if _is_held_on(incident) else settings.PROVIDERS:
            if incident.provider in {"", provider}:
                _make_due(provider, incident.service, now=now)
        # Last: whoever is cut off before is followed by the next look, and moves nothing twice.
        ProviderIncident.objects.filter(pk=incident.pk).update(holds_checks=False)


def _is_held_on(incident: ProviderIncident) -> bool:
    """Say whether what waited for an incident waits for the wider one that continues it."""
    return incident.continued_by is not None and incident.continued_by.holds_checks


def _make_due(provider: str, service: str, *, now: datetime) -> None:
    where: dict[str, Any] = {"provider": provider, "service": service, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM integration_health_checks h WHERE {_WAITING}", where)
        row = cursor.fetchone()
    assert row is not None
    spread = timedelta(seconds=row[0] / budget.checks_per_second(provider))
    after: UUID | None = None
    while ids := _next(where, after=after):
        schedule.make_due(ids, spread=spread, now=now)
        after = ids[-1]


def _next(where: dict[str, Any], *, after: UUID | None) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {**where, "after": after, "chunk": CHUNK})
        return [integration_id for (integration_id,) in cursor.fetchall()]
