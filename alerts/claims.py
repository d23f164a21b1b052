"""Take messages that are due, and write down what became of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction

from alerts.models import Notification

# How many batches of a channel are under way at once: a mail server that hangs must leave somebody
# to tell by the other channels. The Procfile starts as many senders as all of them together.
MOST_BATCHES = {"email": 2, "webhook": 2, "slack": 1}
MOST_PER_RECIPIENT = 5
# More than one recipient's retries add up to in their three days, by the default hourly cap.
MOST_LOOKED_AT = 2_000
# One for each channel, so that two that count what is under way do not count the same.
_LOCKS = {"email": 0x616C7231, "webhook": 0x616C7232, "slack": 0x616C7233}


class Claim(NamedTuple):
    """What this worker took; nobody else takes it before the lease ends."""

    ids: list[UUID]
    token: UUID
    is_full: bool


def claim(channel: str, *, pause_until: datetime, now: datetime) -> Claim:
    """Take what is due on a channel, oldest first; nothing while enough batches are under way.

    To one recipient only one worker sends at a time, in order, and nothing if it was tried after
    `pause_until`.
    """
    token = uuid4()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCKS[channel]])
        if cursor.fetchone() != (True,):
            return Claim([], token, is_full=False)
        arguments: dict[str, Any] = {
            "channel": channel,
            "now": now,
            "pause_until": pause_until,
            "lease": settings.DELIVERY_LEASE,
            "token": token,
            "most_batches": MOST_BATCHES[channel],
            "most_per_recipient": MOST_PER_RECIPIENT,
            "most_looked_at": MOST_LOOKED_AT,
            "limit": settings.DELIVERY_BATCH_SIZE,
        }
        cursor.execute(_CLAIM, arguments)
        ids = [row[0] for row in sorted(cursor.fetchall(), key=lambda row: (row[1], row[0]))]
    return Claim(ids, token, is_full=len(ids) >= settings.DELIVERY_BATCH_SIZE)


def freeze(message_id: UUID, body: str, *, token: UUID) -> None:
    """Keep what a signature covers, so that every attempt sends the same bytes."""
    Notification.objects.filter(pk=message_id, lease_token=token).update(body=body)


def mark_sent(message_id: UUID, *, token: UUID, now: datetime) -> bool:
    """Note that a message was taken; False when another worker has it by now."""
    return _write(message_id, token, state="sent", sent_at=now, last_error="")


def retry(message_id: UUID, *, token: UUID, at: datetime, error: str) -> bool:
    """Have a message tried again at `at`."""
    return _write(message_id, token, state="pending", next_attempt_at=at, last_error=error)


def bury(message_id: UUID, *, token: UUID, error: str) -> bool:
    """Give a message up."""
    return _write(message_id, token, state="dead", last_error=error)


def release(message_ids: Sequence[UUID], *, token: UUID, now: datetime) -> None:
    """Give back messages whose turn did not come: due at once, and not counted as tried."""
    put_off(dict.fromkeys(message_ids, now), token=token)


def put_off(until: Mapping[UUID, datetime], *, token: UUID, why: str | None = None) -> None:
    """Give back messages until these instants, not counted as tried."""
    if not until:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE notifications n
            SET state = 'pending', attempts = n.attempts - 1, next_attempt_at = u.at,
                leased_until = NULL, lease_token = NULL, last_error = COALESCE(%s, n.last_error)
            FROM unnest(%s::uuid[], %s::timestamptz[]) AS u(id, at)
            WHERE n.id = u.id AND n.lease_token = %s
            """,
            [why, list(until), list(until.values()), token],
        )


def channels_due(*, now: datetime) -> list[str]:
    """Return the channels on which something is due."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.channel FROM unnest(%s::text[]) AS c(channel) WHERE EXISTS (
                SELECT FROM notifications n
                WHERE n.channel = c.channel AND n.state IN ('pending', 'sending')
                    AND n.next_attempt_at <= %s)
            """,
            [list(MOST_BATCHES), now],
        )
        return [row[0] for row in cursor.fetchall()]


def _write(message_id: UUID, token: UUID, **values: object) -> bool:
    held = Notification.objects.filter(pk=message_id, lease_token=token)
    return held.update(leased_until=None, lease_token=None, **values) == 1


# While a message is sent, `next_attempt_at` is the end of its lease: a dead worker's messages are
# due again by themselves.
_CLAIM = """
WITH busy AS (
    SELECT recipient, lease_token FROM notifications
    WHERE channel = %(channel)s AND state = 'sending' AND leased_until > %(now)s
), due AS (
    SELECT f.id, row_number() OVER (
        PARTITION BY f.recipient ORDER BY f.next_attempt_at, f.id) AS place, f.next_attempt_at
    FROM (
        SELECT n.id, n.recipient, n.next_attempt_at FROM notifications n
        WHERE n.channel = %(channel)s AND n.state IN ('pending', 'sending')
            AND n.next_attempt_at <= %(now)s
            AND (SELECT count(DISTINCT lease_token) FROM busy) < %(most_batches)s
            AND n.recipient NOT IN (SELECT recipient FROM busy)
            AND NOT EXISTS (
                SELECT FROM alert_destinations d
                WHERE d.id = n.destination_id AND d.last_attempt_at > %(pause_until)s)
        -- Off the head of an index: a storm is not read anew for every batch.
        ORDER BY n.next_attempt_at LIMIT %(most_looked_at)s
    ) f
), chosen AS (
    SELECT n.id, n.next_attempt_at FROM notifications n
    -- Said again, so that it is true of the row as it is when it is locked.
    WHERE n.id IN (
            SELECT id FROM due WHERE place <= %(most_per_recipient)s
            ORDER BY next_attempt_at, id LIMIT %(limit)s)
        AND n.state IN ('pending', 'sending') AND n.next_attempt_at <= %(now)s
    ORDER BY n.id FOR UPDATE SKIP LOCKED
)
UPDATE notifications n
SET state = 'sending', is_collecting = false, attempts = n.attempts + 1,
    lease_token = %(token)s, leased_until = %(now)s + %(lease)s,
    next_attempt_at = %(now)s + %(lease)s
FROM chosen WHERE n.id = chosen.id
RETURNING n.id, chosen.next_attempt_at
"""
