"""Begin and end silences by hand, many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from alerts.causes import Cause
from alerts.models import MaintenanceWindow, Silence
from integrations_health.models import User

Matcher = Silence | MaintenanceWindow

LONGEST_COMMENT = 500
UNSAID = "Silenced by hand."


def of_alerts(
    alert_ids: Collection[UUID],
    *,
    by: User,
    lasting: timedelta | None,
    comment: str = "",
    now: datetime | None = None,
) -> list[UUID]:
    """Silence open alerts for a while, or until each is resolved; return which.

    One statement. An alert with a silence of its own that lasts as long, give or take the minute
    of a second click, is passed over.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH n AS (
                SELECT COALESCE(%(now)s, now()) AS at,
                    COALESCE(%(now)s, now()) + %(lasting)s::interval AS ends_at
            ),
            silenced AS (
                INSERT INTO alert_silences (alert_id, author_id, comment, starts_at, ends_at,
                    service, provider, error_code)
                SELECT a.id, %(by)s, %(comment)s, n.at, n.ends_at, '', '', ''
                FROM health_check_alerts a, n
                WHERE a.id = ANY(%(ids)s) AND a.resolved_at IS NULL AND NOT EXISTS (
                    SELECT FROM alert_silences s
                    WHERE s.alert_id = a.id AND s.starts_at <= n.at
                        AND COALESCE(s.ends_at, 'infinity')
                            >= COALESCE(n.ends_at - interval '1 minute', 'infinity')
                        -- One that also asks for something else may hide less.
                        AND (s.service, s.provider, s.error_code) = ('', '', '')
                        AND num_nonnulls(s.user_id, s.integration_id, s.rule_id) = 0
                )
                RETURNING alert_id
            )
            SELECT alert_id FROM silenced ORDER BY alert_id
            """,
            {"ids": list(alert_ids), **_by_hand(by, comment, lasting, now)},
        )
        return [row[0] for row in cursor.fetchall()]


def of_causes(
    causes: Sequence[Cause],
    *,
    by: User,
    lasting: timedelta,
    comment: str = "",
    now: datetime | None = None,
) -> list[int]:
    """Silence causes for a while, what opens meanwhile too; return the keys of the silences.

    One statement. A cause with such a silence that lasts as long is passed over.
    """
    columns: list[list[Any]] = [list(column) for column in zip(*causes, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH n AS (
                SELECT COALESCE(%(now)s, now()) AS at,
                    COALESCE(%(now)s, now()) + %(lasting)s::interval AS ends_at
            )
            INSERT INTO alert_silences (provider, service, error_code, author_id, comment,
                starts_at, ends_at)
            SELECT c.provider, c.service, c.error_code, %(by)s, %(comment)s, n.at, n.ends_at
            FROM unnest(%(provider)s::text[], %(service)s::text[], %(error_code)s::text[])
                AS c(provider, service, error_code), n
            WHERE NOT EXISTS (
                SELECT FROM alert_silences s
                WHERE (s.provider, s.service, s.error_code)
                        = (c.provider, c.service, c.error_code)
                    AND s.starts_at <= n.at AND s.ends_at >= n.ends_at - interval '1 minute'
                    AND num_nonnulls(s.alert_id, s.user_id, s.integration_id, s.rule_id) = 0
            )
            RETURNING id
            """,
            {
                **dict(zip(Cause._fields, columns, strict=True)),
                **_by_hand(by, comment, lasting, now),
            },
        )
        return [row[0] for row in cursor.fetchall()]


def end(model: type[Matcher], ids: Collection[int], *, now: datetime | None = None) -> list[int]:
    """End those of the silences, or of the windows, that are on; return which. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH n AS (SELECT COALESCE(%(now)s, now()) AS at)
            UPDATE {model._meta.db_table} q
            -- It ends after it began, be it by the shortest of times.
            SET ends_at = GREATEST(n.at, q.starts_at + interval '1 microsecond')
            FROM n
            WHERE q.id = ANY(%(ids)s) AND q.starts_at <= n.at
                AND (q.ends_at IS NULL OR q.ends_at > n.at)
            RETURNING q.id
            """,
            {"ids": list(ids), "now": now},
        )
        return [row[0] for row in cursor.fetchall()]


def _by_hand(
    by: User, comment: str, lasting: timedelta | None, now: datetime | None
) -> dict[str, Any]:
    return {
        "by": by.pk,
        "comment": (comment or UNSAID)[:LONGEST_COMMENT],
        "lasting": lasting,
        "now": now,
    }
