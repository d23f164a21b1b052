"""What was kept and cannot be recorded, and who dies over it or comes at the same time."""

import logging
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection, connections
from msgspec.structs import replace
from redis import Redis

from integrations_health import (
    buffer,
    health_rows,
    kept_results,
    replay,
    schedule,
    tasks,
    watchdog,
)
from integrations_health.kept_results import Kept
from integrations_health.models import ClaimedBatch, HealthCheck, HealthHistory
from integrations_health.outcomes import Outcome
from tests import factories
from tests.conftest import NOW
from tests.keeping import keep, keep_one
from tests.results import result
from tests.sessions import another_session, at_once, wait_until_blocked
from tests.watching import health

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

LATER = NOW + timedelta(hours=1)
STREAM = "results:kept"
REPLAY = """
import django
django.setup()
from integrations_health import replay
replay.apply()
"""


def put_in(redis: Redis, *, at: str = "*", **fields: Any) -> None:
    """Put an entry into the stream as another release may have, or nobody."""
    entry: dict[Any, Any] = {"version": kept_results.VERSION, "packed": b"?"} | fields
    redis.xadd(STREAM, {name: value for name, value in entry.items() if value is not None}, id=at)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"version": 0}, "other_version"),
        ({"version": "", "packed": ""}, "other_version"),
        ({"packed": b"?"}, "unreadable"),
        ({"packed": None}, "unreadable"),
        ({"version": None, "packed": None, "else": 1}, "other_version"),
        ({"at": "1000-0"}, "too_old"),
    ],
)
def test_what_cannot_be_recorded_is_dropped_with_a_word_and_stops_nobody(
    entry: dict[str, Any], reason: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    integration = factories.integration(status="unknown")
    put_in(redis, **entry)
    keep_one(integration)

    replay.apply(now=LATER)

    assert health(integration).status == "healthy"
    assert [vars(line)["reason"] for line in caplog.records if line.msg == "results.dropped"] == [
        reason
    ]
    assert buffer.length() == 0
    assert not redis.exists("results:tries")


def test_one_result_that_cannot_be_recorded_takes_no_other_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    integrations = [factories.integration(status="unknown", next_check_at=NOW) for _ in range(3)]
    taken = schedule.claim_due("composio", limit=3, now=NOW)
    poison, *others = (result(target) for target in taken.targets)
    # More than its column holds.
    keep(taken, [others[0], replace(poison, response_time_ms=2**40), others[1]])

    replay.apply(now=LATER)

    known = {one.pk: health(one).status for one in integrations}
    assert known.pop(poison.integration_id) == "unknown"
    assert set(known.values()) == {"healthy"}
    assert caplog.messages.count("result.dropped") == 1
    assert buffer.length() == 0


def test_what_ended_three_processes_is_not_tried_by_a_fourth(redis: Redis) -> None:
    keep_one(factories.integration(status="unknown"))
    spared = factories.integration(status="unknown")
    for _ in range(replay.MOST_TRIES):
        next(buffer.entries())  # and whoever took it is gone
    keep_one(spared)

    assert replay.apply(now=LATER) == 1

    assert health(spared).status == "healthy"
    assert buffer.length() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("point", "is_recorded"), [("before_commit", 0), ("before_forgetting", 1)])
def test_whoever_is_killed_over_it_leaves_it_to_the_next(point: str, is_recorded: int) -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration, Outcome.TIMEOUT)
    name = connection.settings_dict["NAME"]
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()

    died = subprocess.run(
        [sys.executable, "-c", REPLAY],
        env={**os.environ, "DATABASE_URL": url, "CRASH_AT": point},
        check=False,
    )
    left = (HealthHistory.objects.count(), buffer.length())
    replay.apply(now=LATER)

    assert died.returncode == -signal.SIGKILL
    assert left == (is_recorded, 1)
    assert (health(integration).consecutive_failures, HealthHistory.objects.count()) == (1, 1)
    assert buffer.length() == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_record_each_result_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(12):
        keep_one(factories.integration(status="healthy"), Outcome.TIMEOUT)

    caplog.clear()
    caplog.set_level(logging.WARNING)

    at_once(4, lambda _: replay.apply(now=LATER))

    assert set(HealthCheck.objects.values_list("consecutive_failures", flat=True)) == {1}
    assert HealthHistory.objects.count() == 12
    assert buffer.length() == 0
    assert caplog.messages == []


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_a_row_that_somebody_holds_lets_the_next_one_go_first() -> None:
    held, free = (factories.integration(status="unknown") for _ in range(2))
    for one in (held, free):
        keep_one(one)

    with another_session() as session:
        lock = "SELECT FROM integration_health_checks WHERE integration_id = %s FOR UPDATE"
        session.execute(lock, [held.id])
        meanwhile = replay.apply(now=LATER)
        session.rollback()
    afterwards = replay.apply(now=LATER)

    assert (meanwhile, afterwards, buffer.length()) == (1, 1, 0)
    assert {health(one).status for one in (held, free)} == {"healthy"}


@pytest.mark.django_db(transaction=True)
def test_a_claim_ends_when_nothing_of_it_waits_and_only_what_is_held_waits(redis: Redis) -> None:
    for _ in range(3):
        factories.integration(status="unknown", next_check_at=NOW)
    taken = schedule.claim_due("composio", limit=3, now=NOW)
    versions = health_rows.versions(taken.rows)
    held, free, last = (result(target) for target in taken.targets)
    for part in (Kept((held, free), versions, None), Kept((last,), versions, taken.batch)):
        put_in(redis, packed=kept_results.pack(part))

    with another_session() as session:
        lock = "SELECT FROM integration_health_checks WHERE integration_id = %s FOR UPDATE"
        session.execute(lock, [held.integration_id])
        replay.apply(now=NOW)
        session.rollback()
    recorded = set(HealthHistory.objects.values_list("integration_id", flat=True))
    is_held = schedule.is_being_checked(held.integration_id, now=NOW)
    replay.apply(now=NOW)

    assert (recorded, is_held) == ({free.integration_id, last.integration_id}, True)
    assert HealthHistory.objects.count() == 3
    assert not ClaimedBatch.objects.exists()
    assert buffer.length() == 0


@pytest.mark.django_db(transaction=True)
def test_claims_go_on_while_what_they_found_cannot_be_recorded() -> None:
    integrations = [factories.integration(status="unknown") for _ in range(3)]
    for one in integrations:
        keep_one(one)
    before, after = (NOW + settings.CHECK_LEASE * share for share in (0.9, 1.1))

    with another_session() as session:
        session.execute("LOCK TABLE integration_health_history_2031_03 IN ACCESS EXCLUSIVE MODE")
        replay.apply(now=before)
        are_held = [schedule.is_being_checked(one.pk, now=after) for one in integrations]
        session.rollback()
    replay.apply(now=after)

    assert are_held == [True] * 3
    assert {health(one).status for one in integrations} == {"healthy"}
    assert not ClaimedBatch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_somebody_is_at_it_no_other_tick_looks_at_what_is_due() -> None:
    def apply_elsewhere() -> int | None:
        try:
            return replay.apply(now=LATER)
        finally:
            connections.close_all()

    held = factories.integration(status="unknown")
    keep_one(held)

    with another_session() as session, ThreadPoolExecutor(1) as elsewhere:
        lock = "SELECT FROM integration_health_checks WHERE integration_id = %s FOR UPDATE"
        session.execute(lock, [held.id])
        first = elsewhere.submit(apply_elsewhere)
        wait_until_blocked()
        tasks.wake_workers()
        looked_at = watchdog.beaten_at()
        session.rollback()

    assert (first.result(), looked_at) == (1, None)
    assert health(held).status == "healthy"
