"""Plan messages: who is told what, in which message, and from when on.

What one recipient is to be told within half a minute is one message. Who has had a full hour's
number of messages gets the rest as a digest, once the hour has room again.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from django.conf import settings

from alerts import reach
from alerts.rules import Rule
from integrations_health.binary_sql import binary_cursor


class Recipient(NamedTuple):
    """Who is told, and how. `key` is what makes two messages go to the same one."""

    key: str
    channel: str
    destination_id: UUID | None = None
    user_id: UUID | None = None
    email: str = ""


class Item(NamedTuple):
    """One thing to tell one recipient: an event of an alert, or of a notice to staff.

    `repeats` is how often they were told before: none but the request to reconnect is repeated.
    """

    recipient: Recipient
    event: str
    alert_id: UUID | None = None
    notice_id: UUID | None = None
    repeats: int = 0


def destination(destination_id: UUID, channel: str) -> Recipient:
    """Return the recipient that a destination is."""
    return Recipient(f"destination:{destination_id}", channel, destination_id)


def person(user_id: UUID, email: str) -> Recipient:
    """Return the recipient that a person with an e-mail address is."""
    return Recipient(f"user:{user_id}", "email", None, user_id, email)


def recipient_of(rule: Rule, *, user_id: UUID, email: str) -> Recipient:
    """Return whom a rule tells of an owner's alert. It is not held back, so there is somebody."""
    if rule.destination_id is not None:
        return destination(rule.destination_id, rule.action)
    return person(user_id, email)


def told_of(alert_ids: Sequence[UUID]) -> dict[UUID, list[Recipient]]:
    """Return who is told, or will be, that each of these alerts opened.

    A person is told at the address they have by now; whom mail reaches no more, is not.
    """
    if not alert_ids:
        return {}
    told: dict[UUID, list[Recipient]] = {}
    with binary_cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.alert_id, n.recipient, n.channel, n.destination_id, n.user_id,
                {reach.ADDRESS}
            FROM notification_items i
            JOIN notifications n ON n.id = i.notification_id
            LEFT JOIN users u ON u.id = n.user_id
            WHERE i.alert_id = ANY(%b) AND i.event = 'opened'
                AND (n.user_id IS NULL OR {reach.ADDRESS} <> '')
            """,
            [list(alert_ids)],
        )
        for alert_id, *recipient in cursor.fetchall():
            told.setdefault(alert_id, []).append(Recipient(*recipient))
    return told


def plan(items: Sequence[Item], *, now: datetime) -> dict[str, datetime]:
    """Put every item into a message; return from when on each recipient's goes out.

    Three statements at most, whatever the number of items. What a recipient was told already, as
    many times, is not told again.
    """
    if not items:
        return {}
    recipients = {item.recipient.key: item.recipient for item in items}
    messages = _collecting(recipients, now=now)
    columns = zip(
        *((messages[item.recipient.key][0], *item[1:], item.recipient.key) for item in items),
        strict=True,
    )
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notification_items
                (notification_id, event, alert_id, notice_id, repeats, recipient, created_at)
            SELECT *, %b::timestamptz
            FROM unnest(%b::uuid[], %b::text[], %b::uuid[], %b::uuid[], %b::smallint[], %b::text[])
            ON CONFLICT DO NOTHING
            """,
            [now, *(list(column) for column in columns)],
        )
    return {key: release_at for key, (_, release_at) in messages.items()}


def _collecting(
    recipients: Mapping[str, Recipient], *, now: datetime
) -> dict[str, tuple[UUID, datetime]]:
    """Return the message that collects for each recipient, a new one where none does."""
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notifications (id, recipient, channel, destination_id, user_id, email,
                collects_until, next_attempt_at, is_digest, created_at,
                is_collecting, state, attempts, body, last_error)
            SELECT r.*, d.at, d.at, d.at > t.soon, t.now, true, 'pending', 0, '', ''
            FROM (SELECT %(now)b::timestamptz AS now, %(soon)b::timestamptz AS soon) t,
            unnest(%(id)b::uuid[], %(key)b::text[], %(channel)b::text[],
                %(destination_id)b::uuid[], %(user_id)b::uuid[], %(email)b::text[]
            ) AS r(id, recipient, channel, destination_id, user_id, email),
            LATERAL (SELECT GREATEST(t.soon, (
                -- An hour after the one that filled the hour.
                SELECT n.collects_until + interval '1 hour' FROM notifications n
                WHERE n.recipient = r.recipient
                    AND n.collects_until > t.now - interval '1 hour'
                ORDER BY n.collects_until DESC OFFSET %(cap)b::int - 1 LIMIT 1
            )) AS at) d
            -- Ordered: two that tell the same recipients must not wait for each other crosswise.
            ORDER BY r.recipient
            -- Locks the message: whoever would claim it to send it passes over it meanwhile.
            ON CONFLICT (recipient) WHERE is_collecting
                DO UPDATE SET email = EXCLUDED.email
            RETURNING recipient, id, collects_until
            """,
            {
                "now": now,
                "soon": now + settings.NOTIFICATION_GROUPING,
                "cap": settings.NOTIFICATIONS_PER_HOUR,
                "id": [uuid4() for _ in recipients],
                **_columns(recipients.values()),
            },
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _columns(recipients: Iterable[Recipient]) -> dict[str, list[object]]:
    rows = list(recipients)
    return {name: [row[place] for row in rows] for place, name in enumerate(Recipient._fields)}
