"""Remember what was decided about alerts, and why, for ninety days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from alerts.models import Decision
from integrations_health.binary_sql import binary_cursor

KEPT_FOR = timedelta(days=90)
LONGEST_REASON = 500
PRUNED_AT_ONCE = 10_000

Verdict = Decision.Verdict


class Line(NamedTuple):
    """One decision about one alert."""

    alert_id: UUID
    verdict: str
    reason: str
    actor_id: UUID | None = None


def append(lines: Sequence[Line], *, at: datetime) -> None:
    """Write decisions in one statement, in this order."""
    if not lines:
        return
    with binary_cursor() as cursor:
        cursor.execute(
            "INSERT INTO alert_decisions (alert_id, verdict, reason, actor_id, at)"
            " SELECT *, %b::timestamptz"
            " FROM unnest(%b::uuid[], %b::text[], %b::text[], %b::uuid[])",
            [
                at,
                [line.alert_id for line in lines],
                [line.verdict for line in lines],
                [line.reason[:LONGEST_REASON] for line in lines],
                [line.actor_id for line in lines],
            ],
        )


def prune(*, now: datetime, at_once: int = PRUNED_AT_ONCE) -> int:
    """Delete what is older than ninety days, in portions that hold no lock for long."""
    deleted = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                # The id grows with the time: who is among the first is among the oldest.
                """
                DELETE FROM alert_decisions WHERE id IN (
                    SELECT id FROM (SELECT id, at FROM alert_decisions ORDER BY id LIMIT %s)
                    AS first WHERE at < %s)
                """,
                [at_once, now - KEPT_FOR],
            )
            found = int(cursor.rowcount)
        deleted += found
        if found < at_once:
            return deleted
