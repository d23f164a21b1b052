"""Have many integrations checked again soon, because somebody asked.

The workers do it, within what the providers allow. The row limits this as it limits checks by
hand: once a minute for each integration.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

# A few are checked at the next tick; a crowd shares a minute, so that others have a turn, too.
A_FEW = 200
SPREAD = timedelta(minutes=1)


class Asked(NamedTuple):
    """How many integrations are due now, and how many are not, by the reason."""

    due: int
    paused: int
    just_checked: int

    @property
    def told(self) -> str:
        """What whoever asked is told."""
        due = f"{self.due} integration{'' if self.due == 1 else 's'}"
        return f"{due} will be checked within a minute."

    @property
    def passed_over(self) -> list[str]:
        """How many will not, and why, such as `2 paused`."""
        counts = ((self.paused, "paused"), (self.just_checked, "checked by hand this minute"))
        return [f"{count} {why}" for count, why in counts if count]


def ask(integration_ids: Sequence[UUID], *, now: datetime | None = None) -> Asked:
    """Make integrations due, unless they are paused or were checked by hand this minute.

    One statement. Never delays a check; what is being checked right now is due again afterwards,
    for which the version is raised.
    """
    arguments: dict[str, Any] = {
        "integration_ids": list(integration_ids),
        "spread": SPREAD if len(integration_ids) > A_FEW else timedelta(),
        "every": settings.MANUAL_CHECK_EVERY,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH n AS (SELECT COALESCE(%(now)s, now()) AS at),
            asked AS (
                SELECT h.integration_id, h.enabled,
                    h.manual_at IS NULL OR h.manual_at <= n.at - %(every)s AS is_free
                FROM integration_health_checks h, n
                WHERE h.integration_id = ANY(%(integration_ids)s)
                -- Ordered: two that lock the same rows must not lock them crosswise.
                ORDER BY h.integration_id FOR UPDATE OF h
            ),
            moved AS (
                UPDATE integration_health_checks h
                SET next_check_at = LEAST(h.next_check_at, n.at + random() * %(spread)s),
                    slot_at = NULL, manual_at = n.at, state_version = h.state_version + 1
                FROM asked, n
                WHERE h.integration_id = asked.integration_id AND asked.enabled AND asked.is_free
                RETURNING h.integration_id
            )
            SELECT (SELECT count(*) FROM moved),
                count(*) FILTER (WHERE NOT enabled),
                count(*) FILTER (WHERE enabled AND NOT is_free)
            FROM asked
            """,
            arguments,
        )
        row = cursor.fetchone()
    assert row is not None
    return Asked(*row)
