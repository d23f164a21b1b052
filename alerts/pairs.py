"""See to it that no all-clear overtakes its alarm, and none leaves an old one behind.

Whoever calls this is the only one that sends to the recipients of its batch: see `claims`.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from alerts import claims, decisions, turns
from alerts.claims import Claim
from alerts.decisions import Line, Verdict
from alerts.models import Alert, Notification, NotificationItem
from alerts.turns import Pair

logger = logging.getLogger(__name__)

WAITS = "It waits for an earlier message to the same recipient."
JOINED = "It was not taken for an hour; the all-clear tells of it, too."
# Somebody is just adding to a message that others are to join.
_BUSY = timedelta(seconds=5)

Event = NotificationItem.Event
State = Notification.State


def settle(claim: Claim, *, now: datetime) -> list[UUID]:
    """Return which messages of a batch go now, in order; see to it that the others go in turn."""
    going = list(claim.ids)
    while pairs := _pairs(going, token=claim.token, now=now):
        plan = turns.decide(pairs, taken=going, now=now)
        if not plan.joins:
            break
        # What joined brought its own all-clears along: look again until nothing joins.
        held = _join_all(plan.joins, pairs, token=claim.token, now=now)
        claims.put_off(dict.fromkeys(held, now + _BUSY), token=claim.token, why=WAITS)
        going = [pk for pk in going if pk not in held and pk not in plan.joins]
    else:
        return going
    sooner = Notification.objects.filter(pk__in=plan.sooner, state=State.PENDING)
    sooner.update(next_attempt_at=now)
    claims.put_off(plan.waits, token=claim.token, why=WAITS)
    return [pk for pk in going if pk not in plan.waits]


def _join_all(
    joins: Mapping[UUID, UUID], pairs: Sequence[Pair], *, token: UUID, now: datetime
) -> set[UUID]:
    """Let alarms join their all-clears; return what cannot go yet, since one of them is busy."""
    busy = {one for one, into in joins.items() if not _join(one, into, token=token, now=now)}
    stuck = [pair for pair in pairs if pair.alarm_id in busy]
    return busy | {pair.clear_id for pair in stuck}


@transaction.atomic
def _join(alarm_id: UUID, clear_id: UUID, *, token: UUID, now: datetime) -> bool:
    """Let the all-clear tell what the alarm's message was to tell; False when one is busy."""
    ended = _ended(alarm_id, clear_id)
    # Alerts before messages, as whoever plans messages does; nobody waits for a message here.
    list(ended.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    unsent = Notification.objects.filter(
        pk__in=[alarm_id, clear_id], state__in=[State.PENDING, State.SENDING]
    )
    locked = unsent.order_by("pk").select_for_update(skip_locked=True, of=("self",))
    found = {row.pk: row for row in locked.defer("body")}
    if len(found) < 2:
        return False
    alarm, clear = found[alarm_id], found[clear_id]
    _note(alarm, list(ended.order_by("pk")), now=now)
    NotificationItem.objects.filter(notification=alarm).update(notification=clear)
    if clear.lease_token != token:
        clear.is_collecting, clear.next_attempt_at = False, min(clear.next_attempt_at, now)
        clear.save(update_fields=["is_collecting", "next_attempt_at"])
    _end(alarm, token=token)
    logger.info(
        "notification.joined", extra={"notification_id": str(alarm_id), "into": str(clear_id)}
    )
    return True


def _end(alarm: Notification, *, token: UUID) -> None:
    """Take a message away that tells of nothing any more; keep what was tried for the log."""
    tried = alarm.attempts - (alarm.lease_token == token)
    if tried == 0:
        alarm.delete()
        return
    Notification.objects.filter(pk=alarm.pk).update(
        state=State.DEAD,
        attempts=tried,
        last_error=JOINED,
        lease_token=None,
        leased_until=None,
    )


def _note(alarm: Notification, ended: Collection[Alert], *, now: datetime) -> None:
    who = "the owner by e-mail"
    if alarm.destination_id is not None:
        there = Notification.objects.filter(pk=alarm.pk).values_list("destination__name", flat=True)
        who = f"“{there.get()}”"
    why = f"Told {who} in one message that it began and ended: {JOINED[0].lower()}{JOINED[1:]}"
    decisions.append([Line(alert.pk, Verdict.TOLD, why) for alert in ended], at=now)


def _ended(alarm_id: UUID, clear_id: UUID) -> QuerySet[Alert]:
    begun = NotificationItem.objects.filter(notification=alarm_id).values("alert")
    over = NotificationItem.objects.filter(notification=clear_id, event=Event.RECOVERED)
    return Alert.objects.filter(pk__in=begun).filter(pk__in=over.values("alert"))


def _pairs(taken: Sequence[UUID], *, token: UUID, now: datetime) -> list[Pair]:
    with connection.cursor() as cursor:
        known: dict[str, Any] = {"taken": list(taken), "token": token, "waits": WAITS}
        cursor.execute(_PAIRS, {**known, "old": now - turns.OLD})
        return [Pair(*row) for row in cursor.fetchall()]


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
