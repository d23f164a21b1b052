"""Let integrations become due one after another, and read what alerts were told of and when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple

import psycopg

# Who failed twice lacks one failure to the rule that everybody starts with.
_SPREAD = """
UPDATE integration_health_checks
SET next_check_at = now() + %(within)s * random(),
    status = CASE WHEN %(failures)s = 0 THEN 'healthy' ELSE 'degraded' END,
    consecutive_failures = %(failures)s, failing_streak = %(failures)s,
    ok_streak = CASE WHEN %(failures)s = 0 THEN 1 ELSE 0 END,
    -- A check that is under way ends without moving what it does not know of.
    state_version = state_version + 1
"""
_CALM = """
UPDATE integration_health_checks
SET status = 'healthy', consecutive_failures = 0, failing_streak = 0, ok_streak = 1,
    state_version = state_version + 1
"""
# Noticed as an outage it would be a few checks and a message, within a minute or two.
_NOTICE_NOTHING = """
CREATE OR REPLACE FUNCTION notice_nothing() RETURNS trigger LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
CREATE OR REPLACE TRIGGER notice_nothing BEFORE INSERT ON provider_incidents
    FOR EACH ROW EXECUTE FUNCTION notice_nothing()
"""
_NOTICE_AGAIN = "DROP TRIGGER notice_nothing ON provider_incidents"
_PROBE_ALWAYS = "UPDATE user_integrations SET probe_policy = 'always'"
_UNCHECKED = "SELECT count(*) FROM integration_health_checks WHERE last_check_at < %s"
_UNSENT = """
SELECT count(*) FROM health_check_alerts a
WHERE a.resolved_at IS NULL AND a.held_back = '' AND a.sent_at IS NULL
"""
# From the commit of the check that opened it to when the message that tells of it was taken.
_TOLD = """
SELECT n.channel,
    extract(epoch FROM n.sent_at - pg_xact_commit_timestamp(d.xmin))::float AS seconds
FROM alert_decisions d
JOIN notification_items i ON i.alert_id = d.alert_id AND i.event = 'opened'
JOIN notifications n ON n.id = i.notification_id
WHERE d.verdict = 'opened'
"""


class Told(NamedTuple):
    """How one alert was told: by which channel, and the seconds from its commit to that."""

    channel: str
    seconds: float


class StormRows:
    """The product's tables, seen by a session of our own that the statistics leave out."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def spread(self, *, within: timedelta, failures: int) -> datetime:
        """Make everything due at random within a time from now; return now.

        `failures` is how often in a row each has failed before.
        """
        self._connection.execute(_PROBE_ALWAYS)
        self._connection.execute("VACUUM (ANALYZE) user_integrations")
        self._connection.execute("VACUUM (ANALYZE) integration_health_checks")
        self._connection.execute("SELECT pg_stat_statements_reset()")
        with self._connection.transaction():
            self._connection.execute(_SPREAD, {"within": within, "failures": failures})
            now = self._one("SELECT now()")
        assert isinstance(now, datetime)
        return now

    def unchecked(self, *, since: datetime) -> int:
        """Return how many integrations were not checked since an instant."""
        return int(self._one(_UNCHECKED, [since]))

    def unsent(self) -> int:
        """Return of how many alerts somebody is still to hear."""
        return int(self._one(_UNSENT))

    def forget_alerts(self) -> None:
        """Delete all alerts, what was told of them, and what they left behind."""
        self._connection.execute(
            "TRUNCATE health_check_alerts, alert_decisions, alert_cooldowns, alert_flaps,"
            " alert_silences, notifications, notification_items"
        )

    def calm(self) -> None:
        """Leave everybody healthy, and nobody who hears of anything else."""
        self.forget_alerts()
        self._connection.execute("DELETE FROM alert_rules WHERE destination_id IS NOT NULL")
        self._connection.execute("DELETE FROM alert_destinations")
        self._connection.execute(_CALM)

    def told(self) -> list[Told]:
        """Return how every alert was told."""
        return [Told(*row) for row in self._connection.execute(_TOLD)]

    def backends(self) -> set[int]:
        """Return the ids of the server's processes that work for a client."""
        found = self._connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
        )
        return {pid for (pid,) in found}

    def _one(self, query: LiteralString, arguments: list[Any] | None = None) -> Any:
        row = self._connection.execute(query, arguments).fetchone()
        assert row is not None
        return row[0]


@contextmanager
def opened(url: str) -> Iterator[StormRows]:
    """Yield the rows of a database whose statistics and commit times are kept.

    Until the end no incident opens in it.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET pg_stat_statements.track = 'none'")
        connection.execute(_NOTICE_NOTHING)
        yield StormRows(connection)
        connection.execute(_NOTICE_AGAIN)
