"""Read what a decision about alerts needs to know, each in one statement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from alerts import reach
from alerts.flapping import Unrest
from alerts.holding import Incident, Quiet
from alerts.models import AlertRule, MaintenanceWindow, Silence
from alerts.rules import NO_FAILURES, Condition, Rate, Rule, Severity
from integrations_health.binary_sql import binary_cursor
from integrations_health.models import ProviderIncident
from integrations_health.outcomes import MEANINGS, Observation
from integrations_health.status import Status, Vote

_HEALTHY = Vote.HEALTHY
_ABSTAINING = [code.value for code, said in MEANINGS.items() if said.vote is Vote.ABSTAINS]
_NO_FAILURES = [outcome.value for outcome in sorted(NO_FAILURES)]

_GLANCE = """
SELECT COALESCE(%b::timestamptz, now()),
    (SELECT min(threshold) FROM alert_rules WHERE enabled AND condition = 'response_time'),
    ARRAY(SELECT integration_id FROM health_check_alerts
          WHERE resolved_at IS NULL AND integration_id = ANY(%b))
"""
_WATCHED = f"""
SELECT i.id, i.user_id, i.service, i.provider, i.display_name, i.enabled,
    {reach.ADDRESS},
    h.last_check_at, h.status, f.penalty, f.counted_at, f.is_flapping
FROM user_integrations i
JOIN users u ON u.id = i.user_id
JOIN integration_health_checks h ON h.integration_id = i.id
LEFT JOIN alert_flaps f ON f.integration_id = i.id
WHERE i.id = ANY(%b)
"""
_RATES = """
SELECT r.id, h.integration_id, count(*) FILTER (WHERE h.outcome <> ALL(%b)), count(*)
FROM unnest(%b::uuid[], %b::interval[]) AS r(id, looks_back)
JOIN integration_health_history h ON h.checked_at > %b::timestamptz - r.looks_back
WHERE h.integration_id = ANY(%b) AND h.checked_at > %b AND h.checked_at <= %b
    AND h.outcome <> ALL(%b)
GROUP BY r.id, h.integration_id
"""
# By the index of one integration's checks, back to the last good one.
_BEGAN = """
SELECT w.id, (
    SELECT min(h.checked_at) FROM integration_health_history h
    WHERE h.integration_id = w.id AND h.outcome <> ALL(%(abstaining)b)
        AND h.checked_at <= %(now)b AND h.checked_at > COALESCE((
            SELECT g.checked_at FROM integration_health_history g
            WHERE g.integration_id = w.id AND g.outcome = 'ok'
                AND g.checked_at <= %(now)b AND g.checked_at > %(from)b
            ORDER BY g.checked_at DESC LIMIT 1
        ), %(from)b)
)
FROM unnest(%(ids)b::uuid[]) AS w(id)
"""
# Who fails for longer has alerts already, but for a rule that is new.
BEGAN_WITHIN = timedelta(days=7)


class Glance(NamedTuple):
    """What every batch asks: the time, and whom the rules could concern at all."""

    now: datetime
    slow_from: float | None
    with_open_alert: frozenset[UUID]

    def concerns(self, seen: Observation) -> bool:
        """Say whether `seen` could open, change or end an alert, or belongs to a restless one."""
        if seen.vote is _HEALTHY:
            return (
                (seen.old is not seen.new and seen.old is not Status.UNKNOWN)
                or (
                    self.slow_from is not None
                    and seen.response_time_ms is not None
                    and seen.response_time_ms > self.slow_from
                )
                # Last: nearly all are well, and to hash an id takes as long as all the rest.
                or (bool(self.with_open_alert) and seen.integration_id in self.with_open_alert)
            )
        return seen.vote is not Vote.ABSTAINS


class Watched(NamedTuple):
    """An integration and its owner, as far as alerts are concerned.

    `email` is empty where mail does not reach the owner.
    """

    id: UUID
    user_id: UUID
    service: str
    provider: str
    display_name: str
    is_enabled: bool
    email: str
    last_check_at: datetime | None
    status: str
    unrest: Unrest | None


def glance(integration_ids: Sequence[UUID], *, now: datetime | None = None) -> Glance:
    """Return what decides whether a batch needs a closer look. `now` is the tests' time."""
    with binary_cursor() as cursor:
        cursor.execute(_GLANCE, [now, list(integration_ids)], prepare=True)
        row = cursor.fetchone()
    assert row is not None
    return Glance(row[0], row[1], frozenset(row[2]))


def watched(integration_ids: Collection[UUID]) -> dict[UUID, Watched]:
    """Return the integrations by id; those that are gone are missing."""
    with binary_cursor() as cursor:
        cursor.execute(_WATCHED, [list(integration_ids)], prepare=True)
        return {
            row[0]: Watched._make((*row[:9], None if row[9] is None else Unrest(*row[9:])))
            for row in cursor.fetchall()
        }


def rules() -> dict[UUID, Rule]:
    """Return all rules by id, the switched-off ones too: their alerts still end."""
    return {
        row.pk: rule(row)
        for row in AlertRule.objects.select_related("destination").defer(
            "destination__address", "destination__secret", "destination__previous_secret"
        )
    }


def rates(
    rules: Mapping[UUID, Rule], integration_ids: Collection[UUID], *, now: datetime
) -> dict[tuple[UUID, UUID], Rate]:
    """Return how often integrations failed within the window of each rule that asks for it."""
    asking = [rule for rule in rules.values() if rule.condition is Condition.ERROR_RATE]
    if not asking or not integration_ids:
        return {}
    # A bound that the planner sees leaves out whole months.
    since = now - max(rule.window for rule in asking)
    arguments = [
        _NO_FAILURES,
        [rule.id for rule in asking],
        [rule.window for rule in asking],
        now,
        list(integration_ids),
        since,
        now,
        _ABSTAINING,
    ]
    with binary_cursor() as cursor:
        cursor.execute(_RATES, arguments)
        return {(row[0], row[1]): Rate(row[2], row[3]) for row in cursor.fetchall()}


def began(integration_ids: Collection[UUID], *, now: datetime) -> dict[UUID, datetime]:
    """Return since when integrations are not well, by id, as far as the history tells."""
    if not integration_ids:
        return {}
    asked = {
        "ids": list(integration_ids),
        "abstaining": _ABSTAINING,
        "now": now,
        "from": now - BEGAN_WITHIN,
    }
    with binary_cursor() as cursor:
        cursor.execute(_BEGAN, asked)
        return {row[0]: row[1] for row in cursor.fetchall() if row[1] is not None}


def quiets(alert_ids: Collection[UUID], *, now: datetime) -> list[Quiet]:
    """Return the silences and the maintenance that are on and could be about these alerts.

    Two queries. Silences of single alerts may be many: only those of `alert_ids` are read.
    """
    silences = Silence.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now),
        Q(alert=None) | Q(alert__in=alert_ids),
        starts_at__lte=now,
    )
    windows = MaintenanceWindow.objects.filter(starts_at__lte=now, ends_at__gt=now)
    return [
        *map(quiet, windows),
        *map(quiet, silences),
    ]


def incident(row: ProviderIncident) -> Incident:
    """Return a provider's incident as a value."""
    return Incident(row.pk, str(row), row.closed_at)


def quiet(row: Silence | MaintenanceWindow) -> Quiet:
    """Return a silence or a window as a value."""
    return Quiet(
        isinstance(row, MaintenanceWindow),
        row.comment,
        row.ends_at,
        row.service,
        row.provider,
        row.error_code,
        row.user_id,
        row.integration_id,
        row.rule_id,
        row.alert_id if isinstance(row, Silence) else None,
    )


def rule(row: AlertRule) -> Rule:
    """Return a row, saved or not, as a value."""
    return Rule(
        id=row.pk,
        name=row.name,
        condition=Condition(row.condition),
        threshold=row.threshold,
        severity=Severity(row.severity),
        action=row.action,
        cooldown=timedelta(minutes=row.cooldown_minutes),
        window=timedelta(minutes=row.window_minutes),
        minimum_checks=row.minimum_checks,
        service=row.service,
        provider=row.provider,
        user_id=row.user_id,
        is_enabled=row.enabled,
        destination_id=row.destination_id,
        destination_name="" if row.destination is None else row.destination.name,
        is_destination_enabled=row.destination is None or row.destination.enabled,
    )
