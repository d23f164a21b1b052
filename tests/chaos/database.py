"""A database of each run's own, and what the tests write into and read out of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from integrations_health.providers.simulator import crowd
from tests.chaos.ledger import Finished, Watched


class Database:
    """One migrated database: its address, and a connection that commits at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg.connect(url, autocommit=True)

    def reconnect(self) -> None:
        """Connect anew, after the server was gone."""
        self.connection.close()
        self.connection = psycopg.connect(self.url, autocommit=True)

    def watch(
        self,
        indices: range,
        *,
        provider: str = "composio",
        due_in: timedelta = timedelta(),
        due_over: timedelta = timedelta(),
    ) -> None:
        """Watch these accounts of the simulator's crowd at a provider.

        They become due `due_in` from now, one after another over `due_over`.
        """
        columns = [
            [crowd.user_id(index) for index in indices],
            [crowd.service_name(index) for index in indices],
            accounts(indices, provider=provider),
        ]
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.execute(_ADD_USERS, columns[:1])
            cursor.execute(_ADD_INTEGRATIONS, [provider, *columns])
            cursor.execute(_MAKE_DUE, [due_in, due_over, len(indices), columns[2]])

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return self.connection.execute(query, arguments).fetchall()

    def value(self, query: str, *arguments: Any) -> Any:
        """Return the one value that a query finds."""
        ((value,),) = self.rows(query, *arguments)
        return value

    def now(self) -> datetime:
        """Return the database's clock."""
        now: datetime = self.value("SELECT clock_timestamp()")
        return now

    def last_tick_at(self) -> datetime:
        """Return when the schedule was looked at last; long ago when it never was."""
        at: datetime = self.value(
            "SELECT COALESCE(max(beaten_at), 'epoch') FROM monitor_heartbeats"
        )
        return at

    def unchecked(self, *, provider: str | None = None) -> int:
        """Return how many integrations, of one provider or all, have no finished check at all."""
        count: int = self.value(
            "SELECT count(*) FROM integration_health_checks"
            " WHERE enabled AND last_check_at IS NULL AND provider = COALESCE(%s, provider)",
            provider,
        )
        return count

    def watched(self) -> list[Watched]:
        """Return whose check was due at some time, as the ledger wants to know it."""
        return [Watched(*row) for row in self.rows(_WATCHED)]

    def miscounted(self) -> int:
        """Return by how many the counters for Prometheus differ from the history."""
        ((difference,),) = self.rows(
            "SELECT (SELECT count(*) FROM integration_health_history) - COALESCE(sum(checks), 0)"
            " FROM (SELECT checks FROM check_counts UNION ALL SELECT checks FROM check_totals) AS c"
        )
        return int(difference)

    def finished(self) -> list[Finished]:
        """Return the history, as the ledger wants to know it."""
        return [
            Finished(id, integration_id, checked_at.timestamp())
            for id, integration_id, checked_at in self.rows(
                "SELECT id, integration_id, checked_at FROM integration_health_history"
            )
        ]


# The name of a database as migrations left it, from which those of the tests are copied.
TEMPLATE = f"chaos_{os.getpid()}_template"
_ADD_USERS = """
INSERT INTO users (id, username, external_id, timezone, password, email, first_name, last_name,
    is_superuser, is_staff, is_active, date_joined)
SELECT gen_random_uuid(), name, name, 'UTC', '', '', '', '', false, false, true, now()
FROM (SELECT DISTINCT unnest(%s::text[]) AS name) AS names ON CONFLICT DO NOTHING
"""
_ADD_INTEGRATIONS = """
INSERT INTO user_integrations (user_id, service, provider, server_instance_id, provider_user_id)
SELECT u.id, service, %s, account, name
FROM unnest(%s::text[], %s::text[], %s::text[]) AS new(name, service, account)
JOIN users u ON u.username = name
"""
_MAKE_DUE = """
UPDATE integration_health_checks h
SET next_check_at = clock_timestamp() + %s + %s * (new.place::float / %s)
FROM unnest(%s::text[]) WITH ORDINALITY AS new(account, place)
JOIN user_integrations i ON i.server_instance_id = account
WHERE i.id = h.integration_id
"""
_WATCHED = """
SELECT i.id, i.server_instance_id, h.check_seq FROM user_integrations i
JOIN integration_health_checks h ON h.integration_id = i.id
WHERE i.enabled AND (h.check_seq > 0 OR h.next_check_at <= clock_timestamp())
ORDER BY i.server_instance_id
"""


def accounts(indices: range, *, provider: str = "composio") -> list[str]:
    """Return the ids of these accounts of the simulator's crowd."""
    return [crowd.account_id(provider, index) for index in indices]


def server_url() -> str:
    """Return the URL of the database that the tests were given, on whose server we make ours."""
    return os.environ["DATABASE_URL"]


@contextmanager
def template(migrated: str) -> Iterator[None]:
    """Keep a copy of a database, to which nobody may be connected, as `TEMPLATE` for the block."""
    with _made(TEMPLATE, template=migrated):
        yield


@contextmanager
def copy() -> Iterator[Database]:
    """Yield a copy of `TEMPLATE`, dropped afterwards whoever still uses it."""
    with _made(f"chaos_{os.getpid()}", template=TEMPLATE) as url:
        database = Database(url)
        try:
            yield database
        finally:
            database.connection.close()


@contextmanager
def _made(name: str, *, template: str = "template1") -> Iterator[str]:
    make = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    identifier = sql.Identifier(name)
    with psycopg.connect(server_url(), autocommit=True) as server:
        server.execute(drop.format(identifier))
        server.execute(make.format(identifier, sql.Identifier(template)))
        try:
            yield urlunsplit(urlsplit(server_url())._replace(path=f"/{name}"))
        finally:
            server.execute(drop.format(identifier))
