"""See to it that no all-clear overtakes its alarm, and none leaves an old one behind.

Whoever calls this is the only one that sends to the recipients of its batch: see `claims`.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from alerts import claims, decisions, turns
from alerts.claims import Claim
from alerts.decisions import Line, Verdict
from alerts.models import Alert, Notification
from alerts.turns import Pair

logger = logging.getLogger(__name__)

WAITS = "It waits for an earlier message to the same recipient."
_TOLD = "Told {} in one message that it began and ended: the first was not taken for an hour."
JOINED = "It was not taken for an hour; the all-clear tells of it, too."
# Somebody is just adding to a message that others are to join.
_BUSY = timedelta(seconds=5)

State = Notification.State


def settle(claim: Claim, *, now: datetime) -> list[UUID]:
    """Return which messages of a batch go now, in order; see to it that the others go in turn."""
    going = list(claim.ids)
    while pairs := _pairs(going, token=claim.token, now=now):
        plan = turns.decide(pairs, taken=going, now=now)
        if not plan.joins:
            break
        # What joined brought its own all-clears along: look again until nothing joins.
        held = _join(plan.joins, pairs, token=claim.token, now=now)
        claims.put_off(dict.fromkeys(held, now + _BUSY), token=claim.token, why=WAITS)
        going = [pk for pk in going if pk not in held and pk not in plan.joins]
    else:
        return going
    sooner = Notification.objects.filter(pk__in=plan.sooner, state=State.PENDING)
    sooner.update(next_attempt_at=now)
    claims.put_off(plan.waits, token=claim.token, why=WAITS)
    return [pk for pk in going if pk not in plan.waits]


@transaction.atomic
def _join(
    joins: Mapping[UUID, UUID], pairs: Sequence[Pair], *, token: UUID, now: datetime
) -> set[UUID]:
    """Let alarms join their all-clears; return what cannot go yet, since one of them is busy.

    Ten statements, whatever the number.
    """
    # Alerts before messages, as whoever plans messages does; nobody waits for a message here.
    ended = _ended(joins)
    alerts = Alert.objects.filter(pk__in=[alert for _, alert, _ in ended]).order_by("pk")
    list(alerts.select_for_update(no_key=True).values_list("pk"))
    unsent = Notification.objects.filter(
        pk__in={*joins, *joins.values()}, state__in=[State.PENDING, State.SENDING]
    )
    locked = unsent.order_by("pk").select_for_update(skip_locked=True)
    free = set(locked.values_list("pk", flat=True))
    joined = {one: into for one, into in joins.items() if {one, into} <= free}
    if joined:
        lines = [
            Line(alert, Verdict.TOLD, _TOLD.format(f"“{name}”" if name else "the owner by e-mail"))
            for alarm, alert, name in ended
            if alarm in joined
        ]
        decisions.append(lines, at=now)
        _move(joined, token=token, now=now)
        logger.info("notification.joined", extra={"messages": len(joined)})
    busy = joins.keys() - joined.keys()
    return {*busy, *(pair.clear_id for pair in pairs if pair.alarm_id in busy)}


def _ended(joins: Mapping[UUID, UUID]) -> list[tuple[UUID, UUID, str | None]]:
    """Return what begins in a message and ends in the one it joins: the message, alert, and who."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT a.notification_id, a.alert_id, d.name
            FROM unnest(%s::uuid[], %s::uuid[]) AS j(alarm, clear)
                JOIN notification_items a ON a.notification_id = j.alarm
                JOIN notification_items c
                    ON c.notification_id = j.clear AND c.alert_id = a.alert_id
                        AND c.event = 'recovered'
                JOIN notifications n ON n.id = j.alarm
                LEFT JOIN alert_destinations d ON d.id = n.destination_id
            """,
            [list(joins), list(joins.values())],
        )
        return [(alarm, alert, name) for alarm, alert, name in cursor.fetchall()]


def _move(joined: Mapping[UUID, UUID], *, token: UUID, now: datetime) -> None:
    """Give what alarms tell to their all-clears, which are due then."""
    known: dict[str, Any] = {
        "alarms": list(joined),
        "clears": list(joined.values()),
        "token": token,
        "now": now,
        "why": JOINED,
    }
    with connection.cursor() as cursor:
        for statement in _MOVE:
            cursor.execute(statement, known)


def _pairs(taken: Sequence[UUID], *, token: UUID, now: datetime) -> list[Pair]:
    with connection.cursor() as cursor:
        known: dict[str, Any] = {"taken": list(taken), "token": token, "waits": WAITS}
        cursor.execute(_PAIRS, {**known, "old": now - turns.OLD})
        return [Pair(*row) for row in cursor.fetchall()]


_MOVE = (
    """
    UPDATE notification_items i SET notification_id = j.clear
    FROM unnest(%(alarms)s::uuid[], %(clears)s::uuid[]) AS j(alarm, clear)
    WHERE i.notification_id = j.alarm
    """,
    """
    UPDATE notifications
    SET is_collecting = false, next_attempt_at = LEAST(next_attempt_at, %(now)s)
    WHERE id = ANY(%(clears)s) AND lease_token IS DISTINCT FROM %(token)s
    """,
    # What was tried is kept for the log: the recipient may know it by its id.
    """
    UPDATE notifications
    SET state = 'dead', last_error = %(why)s, leased_until = NULL, lease_token = NULL,
        attempts = attempts - (lease_token IS NOT DISTINCT FROM %(token)s)::int
    WHERE id = ANY(%(alarms)s)
        AND attempts > (lease_token IS NOT DISTINCT FROM %(token)s)::int
    """,
    "DELETE FROM notifications WHERE id = ANY(%(alarms)s) AND state <> 'dead'",
)

# By indexes from what was taken: the items of a message, then the other event of the same thing.
_PAIRS = """
WITH alarms AS (
    SELECT a.notification_id AS id
    FROM notification_items c JOIN notification_items a
        ON a.recipient = c.recipient AND a.event IN ('opened', 'escalated')
            AND (a.alert_id = c.alert_id OR a.notice_id = c.notice_id)
    WHERE c.notification_id = ANY(%(taken)s) AND c.event = 'recovered'
        AND a.notification_id <> c.notification_id
    UNION
    SELECT a.notification_id FROM notification_items a
    WHERE a.notification_id = ANY(%(taken)s) AND a.event IN ('opened', 'escalated')
        AND a.created_at <= %(old)s
)
SELECT x.id, y.id, min(a.created_at), x.next_attempt_at, y.created_at,
    y.attempts > CASE WHEN y.lease_token = %(token)s THEN 1 ELSE 0 END, y.last_error = %(waits)s
FROM alarms JOIN notifications x ON x.id = alarms.id AND x.state IN ('pending', 'sending')
    JOIN notification_items a
        ON a.notification_id = x.id AND a.event IN ('opened', 'escalated')
    JOIN notification_items c
        ON c.recipient = a.recipient AND c.event = 'recovered'
            AND (c.alert_id = a.alert_id OR c.notice_id = a.notice_id)
            AND c.notification_id <> a.notification_id
    JOIN notifications y ON y.id = c.notification_id AND y.state IN ('pending', 'sending')
GROUP BY x.id, y.id
"""
