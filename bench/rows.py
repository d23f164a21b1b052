"""Fill the database in bulk, make rows due, and read what became of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

import psycopg

PROVIDER = "composio"
_EMPTY = "TRUNCATE user_integrations, integration_health_checks CASCADE"
# The account of an index is the simulator's, see its `crowd`.
_FILL_USERS = """
INSERT INTO users (id, password, is_superuser, username, first_name, last_name, email, is_staff,
    is_active, date_joined, external_id, timezone)
SELECT gen_random_uuid(), '', false, name, '', '', '', false, true, now(), name, 'UTC'
FROM (SELECT format('user-%%s', lpad(n::text, 6, '0')) AS name
      FROM generate_series(%(first)s / 3, (%(end)s - 1) / 3) AS n) AS named
ON CONFLICT DO NOTHING
"""
# Looked at every hour, so that what one run checked is not due again in the next.
_FILL_INTEGRATIONS = """
INSERT INTO user_integrations (user_id, service, provider, server_instance_id, provider_user_id,
    auth_config_id, interval_seconds, connected_at)
SELECT u.id, (ARRAY['gmail', 'calendar', 'slack'])[n %% 3 + 1], %(provider)s,
    format('ca_%%s', lpad(n::text, 9, '0')), u.external_id,
    (ARRAY['ac_gmail', 'ac_googlecalendar', 'ac_slack'])[n %% 3 + 1], 3600,
    now() - interval '1 day'
FROM generate_series(%(first)s, %(end)s - 1) AS n
JOIN users u ON u.external_id = format('user-%%s', lpad((n / 3)::text, 6, '0'))
ORDER BY n
"""
_REST = """
UPDATE integration_health_checks
SET status = 'healthy', ok_streak = 1, status_since = now(), last_check_at = now(),
    next_check_at = now() + interval '1 hour' * (1 + random())
WHERE status = 'unknown'
"""
# Scattered over the table, as what is due is in life.
_MAKE_DUE = """
WITH chosen AS (
    SELECT integration_id FROM integration_health_checks ORDER BY random() LIMIT %(count)s
), policed AS (
    UPDATE user_integrations i SET probe_policy = %(policy)s
    FROM chosen WHERE i.id = chosen.integration_id
)
UPDATE integration_health_checks h SET next_check_at = now() - interval '1 minute' * random()
FROM chosen WHERE h.integration_id = chosen.integration_id
"""
_IS_ANY_DUE = """
SELECT EXISTS (
    SELECT FROM integration_health_checks
    WHERE provider = %s AND enabled AND next_check_at <= now()
)
"""
_STATEMENTS = """
SELECT regexp_replace(query, '\\s+', ' ', 'g') AS query, calls,
    total_exec_time + total_plan_time AS milliseconds
FROM pg_stat_statements ORDER BY milliseconds DESC
"""


class Statement(NamedTuple):
    """One kind of statement that the server ran: how often, and for how long altogether."""

    query: str
    calls: int
    milliseconds: float

    @property
    def is_sent(self) -> bool:
        """Whether somebody sent it: what a foreign key asks for itself is listed, too."""
        return "FOR KEY SHARE OF x" not in self.query


class Recorded(NamedTuple):
    """What the history says of a run: how many checks, how many of them good, and the last."""

    checks: int
    good: int
    last_at: datetime | None


class Rows:
    """The product's tables, seen by a session of our own that the statistics leave out."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def fill(self, count: int) -> None:
        """Bring the table to `count` healthy integrations of which none is due."""
        (first,) = self._one("SELECT count(*) FROM user_integrations")
        if first > count:
            # Anew: what is deleted leaves its place in the table and in the indexes.
            self._connection.execute(_EMPTY)
            first = 0
        span = {"first": first, "end": count, "provider": PROVIDER}
        if first < count:
            self._connection.execute(_FILL_USERS, span)
            self._connection.execute(_FILL_INTEGRATIONS, span)
            self._connection.execute(_REST)
            self._connection.execute("VACUUM (FREEZE, ANALYZE) user_integrations")
            self._connection.execute("VACUUM (FREEZE, ANALYZE) integration_health_checks")
            self._connection.execute("CHECKPOINT")

    def make_due(self, count: int, *, policy: str) -> None:
        """Make `count` integrations due, to be probed by `policy`, and start the statistics anew.

        No checkpoint follows: in life each page is written whole once per checkpoint, whatever the
        size of the table, and here only the scattered few of a large one would be.
        """
        self._connection.execute(_MAKE_DUE, {"count": count, "policy": policy})
        self._connection.execute("VACUUM (ANALYZE) user_integrations")
        self._connection.execute("VACUUM (ANALYZE) integration_health_checks")
        self._connection.execute("SELECT pg_stat_statements_reset()")

    def is_any_due(self) -> bool:
        """Say whether something is due or being checked."""
        return bool(self._one(_IS_ANY_DUE, [PROVIDER])[0])

    def now(self) -> datetime:
        """Return the database's clock."""
        (now,) = self._one("SELECT clock_timestamp()")
        assert isinstance(now, datetime)
        return now

    def recorded(self, *, since: datetime) -> Recorded:
        """Return what was recorded from an instant of the database's clock on."""
        checks, good = self._one(
            "SELECT count(*), count(*) FILTER (WHERE outcome = 'ok')"
            " FROM integration_health_history WHERE checked_at >= %s",
            [since],
        )
        (last_at,) = self._one(
            "SELECT max(updated_at) FROM integration_health_checks WHERE updated_at >= %s", [since]
        )
        return Recorded(checks, good, last_at)

    def statements(self) -> list[Statement]:
        """Return what the server ran for others since `make_due`, the costliest first."""
        return [Statement(*row) for row in self._connection.execute(_STATEMENTS)]

    def server_version(self) -> str:
        """Return PostgreSQL's version."""
        return str(self._one("SHOW server_version")[0])

    def _one(self, query: LiteralString, arguments: list[Any] | None = None) -> tuple[Any, ...]:
        row = self._connection.execute(query, arguments).fetchone()
        assert row is not None
        return row


@contextmanager
def opened(url: str) -> Iterator[Rows]:
    """Yield the rows of a migrated database whose server has pg_stat_statements loaded."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("SET pg_stat_statements.track = 'none'")
        yield Rows(connection)


def load_statistics(url: str) -> None:
    """Have the server load pg_stat_statements and keep the times of commits from its next start on.

    The one costs some microseconds a statement, and a batch of 200 checks makes about ten.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        connection.execute("ALTER SYSTEM SET pg_stat_statements.track_planning = 'on'")
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = 'on'")
