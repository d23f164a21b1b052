"""See to it that no news of an alert overtakes an earlier one, and none leaves an old one behind.

Whoever calls this is the only one that sends to the recipients of its batch: see `claims`.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from alerts import claims, decisions, turns
from alerts.claims import Claim
from alerts.decisions import Line, Verdict
from alerts.models import Alert, Notification
from alerts.turns import Pair

logger = logging.getLogger(__name__)

WAITS = "It waits for an earlier message to the same recipient."
_TOLD = "Tells {} in one message that it began and {}: the first was not taken for an hour."
_THEN = {"escalated": "became worse", "recovered": "ended"}
JOINED = "It was not taken for an hour; a later message tells of it, too."
# Somebody is just adding to a message that others are to join.
_BUSY = timedelta(seconds=5)

State = Notification.State


class News(NamedTuple):
    """An alert of which one message tells, and by what event the one that it joins tells more."""

    earlier_id: UUID
    alert_id: UUID
    event: str
    destination: str | None


def settle(claim: Claim, *, now: datetime) -> list[UUID]:
    """Return which messages of a batch go now, in order; see to it that the others go in turn."""
    going = list(claim.ids)
    while pairs := _pairs(going, token=claim.token, now=now):
        plan = turns.decide(pairs, taken=going, now=now)
        if not plan.joins:
            break
        # What joined brought news of its own along: look again until nothing joins.
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
    """Let messages join later ones; return what cannot go yet, since one of them is busy.

    Ten statements, whatever the number.
    """
    # Alerts before messages, as whoever plans messages does; nobody waits for a message here.
    news = _news(joins)
    alerts = Alert.objects.filter(pk__in=[one.alert_id for one in news]).order_by("pk")
    list(alerts.select_for_update(no_key=True).values_list("pk"))
    unsent = Notification.objects.filter(
        pk__in={*joins, *joins.values()}, state__in=[State.PENDING, State.SENDING]
    )
    locked = unsent.order_by("pk").select_for_update(skip_locked=True)
    free = set(locked.values_list("pk", flat=True))
    joined = {one: into for one, into in joins.items() if {one, into} <= free}
    if joined:
        lines = [_line(one) for one in news if one.earlier_id in joined]
        decisions.append(list(dict.fromkeys(lines)), at=now)
        _move(joined, token=token, now=now)
        logger.info("notification.joined", extra={"messages": len(joined)})
    busy = joins.keys() - joined.keys()
    return {*busy, *(pair.later_id for pair in pairs if pair.earlier_id in busy)}


def _news(joins: Mapping[UUID, UUID]) -> list[News]:
    """Return what messages tell of which those that they join tell more."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.notification_id, e.alert_id, max(l.event), d.name
            FROM unnest(%s::uuid[], %s::uuid[]) AS j(earlier, later)
                JOIN notification_items e ON e.notification_id = j.earlier
                JOIN notification_items l
                    ON l.notification_id = j.later AND l.alert_id = e.alert_id
                JOIN notifications n ON n.id = j.earlier
                LEFT JOIN alert_destinations d ON d.id = n.destination_id
            GROUP BY e.notification_id, e.alert_id, d.name
            """,
            [list(joins), list(joins.values())],
        )
        return [News(*row) for row in cursor.fetchall()]


def _line(news: News) -> Line:
    who = f"“{news.destination}”" if news.destination else "the owner by e-mail"
    return Line(news.alert_id, Verdict.TOLD, _TOLD.format(who, _THEN[news.event]))


def _move(joined: Mapping[UUID, UUID], *, token: UUID, now: datetime) -> None:
    """Give what messages tell to those that they join, which are due then."""
    known: dict[str, Any] = {
        "earlier": list(joined),
        "later": list(joined.values()),
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
    UPDATE notification_items i SET notification_id = j.later
    FROM unnest(%(earlier)s::uuid[], %(later)s::uuid[]) AS j(earlier, later)
    WHERE i.notification_id = j.earlier
    """,
    """
    UPDATE notifications
    SET is_collecting = false, next_attempt_at = LEAST(next_attempt_at, %(now)s)
    WHERE id = ANY(%(later)s) AND lease_token IS DISTINCT FROM %(token)s
    """,
    # What was tried is kept for the log: the recipient may know it by its id.
    """
    UPDATE notifications
    SET state = 'dead', last_error = %(why)s, leased_until = NULL, lease_token = NULL,
        attempts = attempts - (lease_token IS NOT DISTINCT FROM %(token)s)::int
    WHERE id = ANY(%(earlier)s)
        AND attempts > (lease_token IS NOT DISTINCT FROM %(token)s)::int
    """,
    "DELETE FROM notifications WHERE id = ANY(%(earlier)s) AND state <> 'dead'",
)

# By indexes from what was taken: the items of a message, then the other events of the same thing.
# An opening comes after nothing, an escalation after it, an all-clear after both.
_PAIRS = """
WITH earlier AS (
    SELECT e.notification_id AS id
    FROM notification_items l JOIN notification_items e
        ON e.recipient = l.recipient AND e.event IN ('opened', 'escalated')
            AND (e.alert_id = l.alert_id OR e.notice_id = l.notice_id)
    WHERE l.notification_id = ANY(%(taken)s) AND l.event IN ('escalated', 'recovered')
        AND e.event <> l.event AND e.notification_id <> l.notification_id
    UNION
    SELECT e.notification_id FROM notification_items e
    WHERE e.notification_id = ANY(%(taken)s) AND e.event IN ('opened', 'escalated')
        AND e.created_at <= %(old)s
)
SELECT x.id, y.id, min(e.created_at), x.next_attempt_at, y.created_at,
    y.attempts > CASE WHEN y.lease_token = %(token)s THEN 1 ELSE 0 END, y.last_error = %(waits)s
FROM earlier JOIN notifications x ON x.id = earlier.id AND x.state IN ('pending', 'sending')
    JOIN notification_items e
        ON e.notification_id = x.id AND e.event IN ('opened', 'escalated')
    JOIN notification_items l
        ON l.recipient = e.recipient AND l.event IN ('escalated', 'recovered')
            AND l.event <> e.event
            AND (l.alert_id = e.alert_id OR l.notice_id = e.notice_id)
            AND l.notification_id <> e.notification_id
    JOIN notifications y ON y.id = l.notification_id AND y.state IN ('pending', 'sending')
GROUP BY x.id, y.id
"""
