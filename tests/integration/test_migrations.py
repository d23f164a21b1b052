"""Every migration of ours runs on an empty database, can be undone, and runs again."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests import factories
from tests.sessions import another_session

DATABASE = "test_of_migrations"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def url() -> Iterator[str]:
    """Return the address of an empty database of its own."""
    with another_session() as session:
        session.autocommit = True
        session.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        session.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{DATABASE}").geturl()
    with another_session() as session:
        session.autocommit = True
        session.execute(f"DROP DATABASE {DATABASE}")


def start_to_migrate(url: str, *target: str) -> subprocess.Popen[bytes]:
    """Run the command itself, as a release does."""
    return subprocess.Popen(
        [sys.executable, settings.ROOT / "manage.py", "migrate", *target, "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": url},
    )


def migrate(url: str, *target: str) -> None:
    assert start_to_migrate(url, *target).wait(timeout=120) == 0


def wait_until_blocked_by(pid: int, url: str) -> None:
    deadline = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as session:
        blocked = "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
        while session.execute(blocked, [pid]).fetchone() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def constraints(url: str) -> set[tuple[str, str]]:
    """Return what holds integrations and their health rows together."""
    with psycopg.connect(url) as session:
        found = session.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN"
            " ('user_integrations'::regclass, 'integration_health_checks'::regclass)"
        )
        return {(str(name), str(says)) for name, says in found}


def watch_another(url: str) -> None:
    with psycopg.connect(url) as session:
        session.execute(
            "WITH owner AS (INSERT INTO users (id, password, is_superuser, username, first_name,"
            " last_name, email, is_staff, is_active, date_joined, timezone) VALUES"
            " (gen_random_uuid(), '', false, gen_random_uuid(), '', '', '', false, true, now(),"
            " 'UTC') RETURNING id) INSERT INTO user_integrations (user_id, service, provider,"
            " server_instance_id) SELECT id, 'gmail', 'composio', 'ca_1' FROM owner"
        )


def tables_and_functions(url: str) -> set[str]:
    with psycopg.connect(url) as session:
        found = session.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace UNION"
            " SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
        return {str(name) for (name,) in found}


def test_all_can_be_undone_and_done_again(url: str) -> None:
    migrate(url)
    whole = tables_and_functions(url)
    migrate(url, "integrations_health", "zero")
    undone = tables_and_functions(url)
    migrate(url)

    assert {
        "users",
        "integration_health_history",
        "health_check_alerts",
        "make_health_rows",
    } < whole
    assert not {name for name in undone if "health" in name or "integration" in name}
    assert undone.isdisjoint({"users", "notifications", "alert_rules", "provider_incidents"})
    assert tables_and_functions(url) == whole


def test_health_rows_change_their_key_beside_somebody_who_registers(url: str) -> None:
    migrate(url, "integrations_health", "0020")
    before = constraints(url)
    watch_another(url)
    with psycopg.connect(url) as registering:
        registering.execute("UPDATE user_integrations SET display_name = 'Mine'")
        migrating = start_to_migrate(url, "integrations_health", "0021")
        wait_until_blocked_by(registering.info.backend_pid, url)
        registering.execute("UPDATE integration_health_checks SET manual_at = now()")
    assert migrating.wait(timeout=60) == 0
    watch_another(url)
    after = constraints(url)
    migrate(url, "integrations_health", "0020")
    watch_another(url)

    assert constraints(url) == before
    assert ("integration_health_checks_pkey", "PRIMARY KEY (integration_id)") in after
    migrate(url, "integrations_health", "0021")
    assert constraints(url) == after
    assert {name for name, _ in before - after} == {
        "integration_health_checks_pkey",
        "integration_health_checks_integration_id_key",
    }


def indexes_of_months(url: str) -> set[tuple[str, str, bool]]:
    """Return of each month the kind of its index of services, and whether it can be used."""
    with psycopg.connect(url) as session:
        found = session.execute(
            "SELECT own.indrelid::regclass::text, method.amname, own.indisvalid"
            " FROM pg_inherits link JOIN pg_index own ON own.indexrelid = link.inhrelid"
            " JOIN pg_class index ON index.oid = own.indexrelid"
            " JOIN pg_am method ON method.oid = index.relam"
            " WHERE link.inhparent = 'idx_history_aggregation'::regclass"
        )
        return {(str(month), str(kind), bool(is_valid)) for month, kind, is_valid in found}


def test_months_change_their_index_beside_somebody_who_reads_and_after_one_that_broke_off(
    url: str,
) -> None:
    migrate(url, "integrations_health", "0022")
    before = indexes_of_months(url)
    months = {month for month, _, _ in before}
    broken_off = min(months)
    with psycopg.connect(url) as session:
        session.execute(f"CREATE INDEX {broken_off}_aggregation ON {broken_off} (service)")
    with psycopg.connect(url) as reading:
        reading.execute("SELECT count(*) FROM integration_health_history")
        migrating = start_to_migrate(url, "integrations_health", "0023")
        wait_until_blocked_by(reading.info.backend_pid, url)
    assert migrating.wait(timeout=60) == 0
    after = indexes_of_months(url)
    migrate(url, "integrations_health", "0022")

    assert before == {(month, "btree", True) for month in months}
    assert after == {(month, "brin", True) for month in months}
    assert indexes_of_months(url) == before
    migrate(url, "integrations_health", "0023")
    assert indexes_of_months(url) == after


def test_the_index_of_a_month_waits_for_whoever_sees_the_past_and_hinders_nobody(url: str) -> None:
    migrate(url, "integrations_health", "0022")
    months = {month for month, _, _ in indexes_of_months(url)}
    with psycopg.connect(url) as seeing, psycopg.connect(url) as reading:
        seeing.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seeing.execute("SELECT count(*) FROM users")
        migrating = start_to_migrate(url, "integrations_health", "0023")
        wait_until_blocked_by(seeing.info.backend_pid, url)
        # Longer than anybody of ours waits for a lock.
        time.sleep(2.5)
        assert migrating.poll() is None
        reading.execute(f"SELECT count(*) FROM {min(months)}")
        seeing.rollback()
        wait_until_blocked_by(reading.info.backend_pid, url)
        with psycopg.connect(url) as another:
            another.execute("SET lock_timeout = '1s'")
            another.execute(f"SELECT count(*) FROM {min(months)}")
    assert migrating.wait(timeout=60) == 0

    assert indexes_of_months(url) == {(month, "brin", True) for month in months}


def test_messages_are_told_apart_anew_beside_those_who_write_them(url: str) -> None:
    migrate(url, "alerts", "0015")
    with psycopg.connect(url) as writing, psycopg.connect(url) as also_writing:
        # As an interrupted run leaves it.
        writing.execute("CREATE INDEX told_once_by_now ON notification_items (event)")
        writing.commit()
        writing.execute("LOCK TABLE notification_items IN ROW EXCLUSIVE MODE")
        migrating = start_to_migrate(url, "alerts", "0016")
        wait_until_blocked_by(writing.info.backend_pid, url)
        # Longer than anybody of ours waits for a lock.
        time.sleep(2.5)
        assert migrating.poll() is None
        also_writing.execute("LOCK TABLE notification_items IN ROW EXCLUSIVE MODE NOWAIT")
    assert migrating.wait(timeout=60) == 0
    with psycopg.connect(url) as session:
        found = session.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'notification_items'::regclass AND convalidated"
        )
        after = {str(name): str(says) for name, says in found}

    assert after["nobody_is_told_an_event_of_an_alert_twice"] == (
        "UNIQUE (alert_id, event, recipient, repeats)"
    )
    assert "only_a_request_to_reconnect_is_repeated" in after


def test_requests_that_were_repeated_hinder_nobody_from_going_back() -> None:
    message = factories.notification(event="asked")
    again = {"alert": message.items.get().alert, "recipient": message.recipient}
    message.items.create(event="asked", repeats=1, **again)
    newest = MigrationExecutor(connection).loader.graph.leaf_nodes("alerts")

    MigrationExecutor(connection).migrate([("alerts", "0014_tell_staff_of_incidents")])

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT event FROM notification_items")
            assert cursor.fetchall() == [("asked",)]
    finally:
        MigrationExecutor(connection).migrate(newest)
