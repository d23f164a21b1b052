"""Say whether people are told, and how soon, from a few rows however large the tables are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from alerts.models.destination import Channel

# What is counted, is counted so far; what is measured, is measured over the newest so many.
MOST_COUNTED = 10_000
LOOKS_BACK = timedelta(hours=24)
# What was sent stays in the table; what is counted of it was made within this time.
SENT_WITHIN = timedelta(hours=1)


# Each in the words of an index.
_WAITING = "n.state IN ('pending', 'sending') AND n.state ="
_STATES = {
    "pending": f"{_WAITING} 'pending'",
    "sending": f"{_WAITING} 'sending'",
    "dead": "n.state = 'dead'",
    "sent": "n.state = 'sent' AND n.created_at > COALESCE(%(now)s, now()) - %(within)s",
}
_COUNT = """
    SELECT count(*) FROM (
        SELECT FROM notifications n WHERE n.channel = c.channel AND {which} LIMIT %(most)s
    ) AS found
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """The messages of one channel that did not go out: still to be sent, and given up."""

    channel: str
    waiting: int
    oldest_due_at: datetime | None
    dead: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Promptness:
    """How long it took from a change of status to the message about it, of `count` alerts."""

    count: int
    p50: timedelta | None
    p95: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unheard:
    """Notices that concern staff: how many are open, and of how many nobody was told yet."""

    open: int
    untold: int


def backlogs() -> list[Backlog]:
    """Return what did not go out, by channel: one statement over two partial indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.channel, waiting.count, waiting.oldest, dead.count
            FROM unnest(%(channels)s::text[]) AS c(channel),
            LATERAL (
                SELECT count(*), min(found.next_attempt_at) AS oldest FROM (
                    SELECT n.next_attempt_at FROM notifications n
                    WHERE n.channel = c.channel AND n.state IN ('pending', 'sending')
                    ORDER BY n.next_attempt_at LIMIT %(most)s
                ) AS found
            ) AS waiting,
            LATERAL (
                SELECT count(*) FROM (
                    SELECT FROM notifications n
                    WHERE n.channel = c.channel AND n.state = 'dead' LIMIT %(most)s
                ) AS found
            ) AS dead
            """,
            {"channels": list(Channel.values), "most": MOST_COUNTED},
        )
        names = ("channel", "waiting", "oldest_due_at", "dead")
        return [Backlog(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def messages(*, now: datetime | None = None) -> dict[tuple[str, str], int]:
    """Return how many messages of each channel are in each state, by both. One statement.

    Of those that were sent only what was made within an hour counts. `now` replaces the database's
    clock in tests.
    """
    asked: dict[str, Any] = {
        "channels": list(Channel.values),
        "now": now,
        "within": SENT_WITHIN,
        "most": MOST_COUNTED,
    }
    counts_of = ", ".join(f"({_COUNT.format(which=which)})" for which in _STATES.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.channel, {counts_of} FROM unnest(%(channels)s::text[]) AS c(channel)", asked
        )
        return {
            (channel, state): count
            for channel, *counts in cursor.fetchall()
            for state, count in zip(_STATES, counts, strict=True)
        }


def promptness(*, now: datetime | None = None) -> Promptness:
    """Return how soon the newest alerts of a day were told: one statement.

    `now` replaces the database's clock in tests.
    """
    asked: dict[str, Any] = {"now": now, "back": LOOKS_BACK, "most": MOST_COUNTED}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY took),
                percentile_cont(0.95) WITHIN GROUP (ORDER BY took)
            FROM (
                SELECT sent_at - created_at AS took FROM health_check_alerts
                WHERE created_at > COALESCE(%(now)s, now()) - %(back)s
                ORDER BY created_at DESC, id LIMIT %(most)s
            ) AS newest WHERE took IS NOT NULL
            """,
            asked,
        )
        count, p50, p95 = cursor.fetchone()
    return Promptness(count=count, p50=p50, p95=p95)


def unheard() -> Unheard:
    """Return how many open notices there are, and how many nobody was told of: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
                SELECT FROM notification_items i JOIN notifications n ON n.id = i.notification_id
                WHERE i.notice_id = s.id AND n.state = 'sent'
            ))
            FROM (
                SELECT id FROM staff_notices WHERE closed_at IS NULL LIMIT %(most)s
            ) AS s
            """,
            {"most": MOST_COUNTED},
        )
        opened, untold = cursor.fetchone()
    return Unheard(open=opened, untold=untold)
