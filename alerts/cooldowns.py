"""Let a rule that told somebody stay quiet about an integration for a while.

Truth is in PostgreSQL: an emptied Redis neither tells twice nor swallows.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from integrations_health.binary_sql import binary_cursor

Pair = tuple[UUID, UUID]


def take(pairs: Collection[Pair], *, now: datetime) -> dict[Pair, datetime]:
    """Take the cooldown of each (rule, integration) and return those still running, with their end.

    One statement, and a second when some are running. What was taken is locked until the
    transaction ends; `start` then says how long it runs.
    """
    if not pairs:
        return {}
    columns = [[rule for rule, _ in pairs], [integration for _, integration in pairs]]
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO alert_cooldowns AS c (rule_id, integration_id, until)
            SELECT p.rule_id, p.integration_id, %b::timestamptz
            FROM unnest(%b::uuid[], %b::uuid[]) AS p(rule_id, integration_id)
            -- Ordered: two that take the same ones must not wait for each other crosswise.
            ORDER BY p.rule_id, p.integration_id
            ON CONFLICT (rule_id, integration_id) DO UPDATE SET until = EXCLUDED.until
                WHERE c.until <= EXCLUDED.until
            RETURNING rule_id, integration_id
            """,
            [now, *columns],
        )
        running = set(pairs) - set(cursor.fetchall())
        if not running:
            return {}
        cursor.execute(
            """
            SELECT c.rule_id, c.integration_id, c.until
            FROM alert_cooldowns c JOIN unnest(%b::uuid[], %b::uuid[]) AS p(rule_id, integration_id)
                USING (rule_id, integration_id)
            """,
            columns,
        )
        return {(row[0], row[1]): row[2] for row in cursor.fetchall() if row[:2] in running}


def start(until: Mapping[Pair, datetime]) -> None:
    """Let cooldowns run until these instants, never shorter than they already do."""
    if not until:
        return
    with binary_cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO alert_cooldowns AS c (rule_id, integration_id, until)
            SELECT * FROM unnest(%b::uuid[], %b::uuid[], %b::timestamptz[])
                AS p(rule_id, integration_id, until)
            ORDER BY p.rule_id, p.integration_id
            ON CONFLICT (rule_id, integration_id) DO UPDATE SET until = EXCLUDED.until
                WHERE c.until < EXCLUDED.until
            """,
            [
                [rule for rule, _ in until],
                [integration for _, integration in until],
                list(until.values()),
            ],
        )
