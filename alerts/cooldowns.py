"""Let a rule that told somebody stay quiet about an integration for a while.

Truth is in PostgreSQL: an emptied Redis neither tells twice nor swallows.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from integrations_health.binary_sql import binary_cursor

Pair = tuple[UUID, UUID]


def take(wanted: Mapping[Pair, datetime], *, now: datetime) -> dict[Pair, datetime]:
    """Let each (rule, integration) whose cooldown is over cool down anew, until the instant given.

    Returns those still cooling down, with the end of that. One statement, and a second when there
    are some. What was taken is locked until the transaction ends.
    """
    if not wanted:
        return {}
    columns = [[rule for rule, _ in wanted], [integration for _, integration in wanted]]
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO alert_cooldowns AS c (rule_id, integration_id, until)
            SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[])
                AS p(rule_id, integration_id, until)
            -- Ordered: two that take the same ones must not wait for each other crosswise.
            ORDER BY p.integration_id, p.rule_id
            ON CONFLICT (rule_id, integration_id) DO UPDATE SET until = EXCLUDED.until
                WHERE c.until <= %b
            RETURNING rule_id, integration_id
            """,
            [*columns, list(wanted.values()), now],
        )
        if cursor.rowcount == len(wanted):
            return {}
        running = set(wanted) - set(cursor.fetchall())
        cursor.execute(
            """
            SELECT c.rule_id, c.integration_id, c.until
            FROM alert_cooldowns c JOIN unnest(%b::uuid[], %b::uuid[]) AS p(rule_id, integration_id)
                USING (rule_id, integration_id)
            """,
            columns,
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall() if row[:2] in running}


def lengthen(until: Mapping[Pair, datetime]) -> None:
    """Let cooldowns run until these instants, never shorter than they already do."""
    if not until:
        return
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO alert_cooldowns AS c (rule_id, integration_id, until)
            SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[])
                AS p(rule_id, integration_id, until)
            ORDER BY p.integration_id, p.rule_id
            ON CONFLICT (rule_id, integration_id) DO UPDATE SET until = EXCLUDED.until
                WHERE c.until < EXCLUDED.until
            """,
            [
                [rule for rule, _ in until],
                [integration for _, integration in until],
                list(until.values()),
            ],
        )
