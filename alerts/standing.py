"""Read how alerts stand: one, a page of them, or those of an integration, for whoever may see them.

Each with who was told of it, in one statement for any number: what a face shows of an alert is read
here and nowhere else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from alerts.models import Alert, Decision
from alerts.retelling import Message, Reader, Standing
from integrations_health.access import Caller
from integrations_health.binary_sql import binary_cursor
from integrations_health.positions import Position

# More than an integration has rules, or a person has open alerts, but for a rule gone wrong.
MOST_OPEN = 200
MOST_PAST = 10
# Raised when an alert is shown in another shape, so that nobody keeps one of the old.
SHAPE = 2
MOST_DECISIONS = 100

_READ = """
SELECT a.id, a.integration_id, a.user_id, i.service, i.provider, a.alert_type, a.severity,
    a.message, a.error_code, a.is_flapping, COALESCE(a.began_at, a.created_at), a.created_at,
    a.resolved_at, a.told_at, a.sent_at,
    a.held_back, a.held_until, a.escalated_at, a.escalation_told_at, a.acknowledged_at,
    a.acknowledged_by_id, a.acknowledgement_note, a.recovers_id, a.incident_id, (
        SELECT json_agg(json_build_array(
                t.event, n.channel, n.user_id IS NOT NULL, COALESCE(d.name, ''),
                COALESCE(r.state, n.state), COALESCE(r.sent_at, n.sent_at),
                COALESCE(r.next_attempt_at, n.next_attempt_at)) ORDER BY t.id)
        FROM notification_items t
        JOIN notifications n ON n.id = t.notification_id
        LEFT JOIN alert_destinations d ON d.id = n.destination_id
        -- What was given up may have been sent again since, in a message of its own.
        LEFT JOIN LATERAL (
            SELECT state, sent_at, next_attempt_at FROM notifications
            WHERE replays_id = n.id ORDER BY created_at DESC LIMIT 1) r ON n.state = 'dead'
        -- Of an all-clear: that the alert which it ends is over.
        WHERE t.alert_id = COALESCE(a.recovers_id, a.id)
            AND (a.recovers_id IS NULL OR t.event = 'recovered'))
FROM health_check_alerts a JOIN user_integrations i ON i.id = a.integration_id
"""
_THESE = f"{_READ} WHERE a.id = ANY(%b)"
_OPEN_OF = f"""{_READ} WHERE a.integration_id = %b AND a.user_id = %b AND a.resolved_at IS NULL
ORDER BY a.created_at DESC, a.id LIMIT {MOST_OPEN}"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which alerts a list shall hold; what is empty or None allows all."""

    is_open: bool | None = None
    severities: Collection[str] = ()
    integration_ids: Collection[UUID] = ()


class Page(NamedTuple):
    """Some alerts, the newest first, and where the next page begins; None after the last."""

    alerts: list[Standing]
    next: Position | None


class Decided(NamedTuple):
    """One decision about an alert; `by` is None where the engine decided."""

    at: datetime
    by: UUID | None
    verdict: str
    reason: str


def reader(caller: Caller) -> Reader:
    """Return a caller as one who reads alerts."""
    return Reader(caller.user_id, caller.sees_everybody)


def page(caller: Caller, wanted: Wanted, *, limit: int, after: Position | None = None) -> Page:
    """Return up to `limit` alerts that `caller` may see, behind `after`. Two statements."""
    rows = Alert.objects.visible_to(caller).filter(_condition(wanted))
    if after is not None:
        behind = Q(created_at=after.at, pk__gt=after.id) | Q(created_at__lt=after.at)
        # The first half is for the index, which the other alone would not begin at.
        rows = rows.filter(Q(created_at__lte=after.at), behind)
    ordered = rows.order_by("-created_at", "pk").values_list("created_at", "pk")
    found = list(ordered[: limit + 1])
    shown = found[:limit]
    is_last = len(found) <= limit
    return Page(_these([pk for _, pk in shown]), None if is_last else Position(*shown[-1]))


def one(caller: Caller, alert_id: UUID) -> Standing | None:
    """Return an alert; None when there is none, or none that `caller` may see. Two statements."""
    found = Alert.objects.visible_to(caller).filter(pk=alert_id).values_list("pk", flat=True)
    return next(iter(_these(list(found))), None)


def of(alert: Alert) -> Standing | None:
    """Return how an alert stands, for one who was shown it already. One statement."""
    return next(iter(_these([alert.pk])), None)


def open_of(integration_id: UUID, user_id: UUID) -> list[Standing]:
    """Return the open alerts that an integration's present owner has, the newest first.

    One statement, for one who was shown the integration already: it is asked for all the time.
    """
    with binary_cursor() as cursor:
        cursor.execute(_OPEN_OF, [integration_id, user_id], prepare=True)
        return [_standing(row) for row in cursor.fetchall()]


def past_of(caller: Caller, integration_id: UUID) -> list[Standing]:
    """Return the last alerts of an integration that are over, the newest first. Two statements."""
    # An all-clear says what its alert says: that it is over.
    rows = Alert.objects.visible_to(caller).filter(
        integration_id=integration_id, resolved_at__isnull=False, recovers=None
    )
    return _these(list(rows.order_by("-created_at", "pk").values_list("pk", flat=True)[:MOST_PAST]))


def decisions(alert: Standing) -> list[Decided]:
    """Return the last decisions about an alert that was shown, the newest first."""
    rows = Decision.objects.filter(alert_id=alert.id).order_by("-at", "-pk")
    columns = ("at", "actor_id", "verdict", "reason")
    return [Decided(*row) for row in rows.values_list(*columns)[:MOST_DECISIONS]]


def etag(page: Page, reader: Reader) -> str:
    """Return what changes when anything that `reader` is told on a page does, as HTTP has it."""
    return f'W/"{SHAPE}-{mark(page.alerts, reader)}-{page.next or ""}"'


def mark(alerts: Sequence[Standing], reader: Reader) -> str:
    """Return what changes when anything that `reader` is told of these does; "" of none."""
    if not alerts:
        return ""
    said = repr([tuple(reader), *map(tuple, alerts)])
    return blake2s(said.encode(), digest_size=12).hexdigest()


def _these(ids: Sequence[UUID]) -> list[Standing]:
    if not ids:
        return []
    with binary_cursor() as cursor:
        cursor.execute(_THESE, [ids], prepare=True)
        found = {row[0]: _standing(row) for row in cursor.fetchall()}
    # One may have been deleted between the two statements.
    return [found[pk] for pk in ids if pk in found]


def _standing(row: Sequence[Any]) -> Standing:
    return Standing._make((*row[:-1], tuple(map(_message, row[-1] or ()))))


def _message(fields: Sequence[Any]) -> Message:
    return Message._make((*fields[:-2], *map(_instant, fields[-2:])))


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _condition(wanted: Wanted) -> Q:
    condition = Q()
    if wanted.is_open is not None:
        condition &= Q(resolved_at__isnull=wanted.is_open)
    if wanted.severities:
        condition &= Q(severity__in=wanted.severities)
    if wanted.integration_ids:
        condition &= Q(integration_id__in=wanted.integration_ids)
    return condition
