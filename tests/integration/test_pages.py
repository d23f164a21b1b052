"""The pages of the whole: is the process alive, is the monitor ready, where does one begin."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from config.pages import LONGEST_SILENCE
from integrations_health import catch_up, partitions
from integrations_health.models import Heartbeat

ALL_IS_WELL = {
    "ready": True,
    "database": "ok",
    "redis": "ok",
    "partitions": "ok",
    "scheduler": "ok",
}


def readyz(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()


@pytest.fixture
def looked_at(db: None, redis: Redis) -> None:
    """Have somebody look at the schedule, just now."""
    catch_up.follow_heartbeat()


def test_the_process_says_that_it_lives_without_asking_the_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok")


def test_the_first_page_asks_who_one_is(client: Client) -> None:
    answer = client.get("/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/")


@pytest.mark.usefixtures("looked_at")
def test_a_monitor_that_works_is_ready(client: Client) -> None:
    assert readyz(client) == (200, ALL_IS_WELL)


@pytest.mark.usefixtures("looked_at")
def test_answers_about_readiness_are_never_cached(client: Client) -> None:
    answer = client.get("/readyz")

    assert "no-store" in answer["Cache-Control"]


@pytest.mark.usefixtures("db", "redis")
def test_a_schedule_that_nobody_ever_looked_at_is_not_ready(client: Client) -> None:
    status, parts = readyz(client)

    assert status == 503
    assert parts["scheduler"].startswith("nothing has looked at the schedule yet")


@pytest.mark.usefixtures("looked_at")
def test_a_schedule_that_nobody_looks_at_any_more_is_not_ready(client: Client) -> None:
    before = timezone.now() - LONGEST_SILENCE - timedelta(seconds=5)
    Heartbeat.objects.update(beaten_at=before)

    status, parts = readyz(client)

    assert status == 503
    assert parts["scheduler"].startswith("nobody has looked at the schedule for ")


@pytest.mark.usefixtures("looked_at")
def test_without_redis_we_are_not_ready_and_no_password_is_shown(
    client: Client, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://:a-password@127.0.0.1:1/0"

    status, parts = readyz(client)

    assert status == 503
    assert parts == {**ALL_IS_WELL, "ready": False, "redis": "Redis does not answer"}


@pytest.mark.usefixtures("looked_at")
def test_without_the_database_we_are_not_ready_and_redis_still_is(client: Client) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("connection to server at 10.0.0.1 failed: user=app")

    with connection.execute_wrapper(refuse):
        status, parts = readyz(client)

    silence = "the database does not answer"
    assert status == 503
    assert parts == {
        "ready": False,
        "database": silence,
        "redis": "ok",
        "partitions": silence,
        "scheduler": silence,
    }


@pytest.mark.usefixtures("looked_at")
@pytest.mark.parametrize("table", partitions.TABLES)
def test_a_month_without_a_place_is_not_ready(client: Client, table: str) -> None:
    month = partitions.name(table, partitions.month_of(timezone.now().date()))
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE "{month}"')

    status, parts = readyz(client)

    assert status == 503
    assert parts["partitions"] == f"{table} has no place for this month: run maintain_partitions"


@pytest.mark.parametrize("page", ["/healthz", "/readyz"])
def test_a_page_that_only_tells_takes_no_orders(page: str) -> None:
    assert Client(enforce_csrf_checks=True).post(page).status_code == 405
