"""Every migration of ours runs on an empty database, can be undone, and runs again."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings

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


def migrate(url: str, *target: str) -> None:
    """Run the command itself, as a release does."""
    subprocess.run(
        [sys.executable, settings.ROOT / "manage.py", "migrate", *target, "--verbosity=0"],
        env={**os.environ, "DATABASE_URL": url},
        check=True,
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
