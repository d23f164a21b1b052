"""Results that could not be recorded are, once, when the database is back."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from django.db import connection
from redis import Redis

from alerts.models import Alert
from integrations_health import buffer, kept_results, pipeline, replay, schedule
from integrations_health.models import ClaimedBatch, HealthCheck, HealthHistory, Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.conftest import NOW
from tests.keeping import keep, keep_one
from tests.results import claim, result
from tests.sessions import at_once
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
    redis.xadd(STREAM, entry, id=at)


def lying_in(redis: Redis) -> list[tuple[bytes, dict[Any, Any]]]:
    return cast("list[tuple[bytes, dict[Any, Any]]]", redis.xrange(STREAM))


def test_it_makes_no_difference_but_of_time_that_a_result_was_kept() -> None:
    fields = {"status": "degraded", "consecutive_failures": 1, "failing_streak": 1}
    kept, at_once_recorded = (factories.integration(**fields) for _ in range(2))
    keep_one(kept, Outcome.TIMEOUT)
    (target,) = claim(at_once_recorded)
    pipeline.record([result(target, Outcome.TIMEOUT)], now=NOW)

    assert replay.apply(now=LATER) == 1

    of_itself = {"id", "integration_id", "user_id", "slot_at", "next_check_at"}
    of_itself |= {"created_at", "updated_at"}
    first, second = (
        {name: value for name, value in row.items() if name not in of_itself}
        for row in HealthCheck.objects.order_by("pk").values()
    )
    assert first == second
    assert set(HealthHistory.objects.values_list("checked_at", "outcome")) == {(NOW, "timeout")}
    assert buffer.length() == 0
    assert ClaimedBatch.objects.count() == 1  # the other one's, which nobody finished here


def test_the_next_check_is_when_it_would_have_been(redis: Redis) -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration)
    ((id, fields),) = lying_in(redis)
    redis.delete(STREAM)
    an_hour_before = int(id.split(b"-")[0]) - 3_600_000
    redis.xadd(STREAM, fields, id=f"{an_hour_before}-0")

    replay.apply(now=LATER)

    late_by = NOW + timedelta(minutes=5) - health(integration).next_check_at
    assert abs(late_by) < timedelta(seconds=30)


def test_what_was_kept_twice_counts_once(redis: Redis) -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration, Outcome.TIMEOUT)
    ((_, fields),) = lying_in(redis)
    redis.xadd(STREAM, fields)

    replay.apply(now=LATER)
    once = HealthCheck.objects.values().get()
    redis.xadd(STREAM, fields)
    replay.apply(now=LATER)

    assert HealthCheck.objects.values().get() == once
    assert (once["consecutive_failures"], HealthHistory.objects.count()) == (1, 1)


def test_a_newer_result_stands_and_the_kept_one_is_history() -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration, Outcome.TIMEOUT)
    lease_over = NOW + timedelta(minutes=3)
    (target,) = claim(integration, now=lease_over)
    pipeline.record([result(target, at=lease_over)], now=lease_over)
    before = HealthCheck.objects.values().get()

    replay.apply(now=LATER)

    assert HealthCheck.objects.values().get() == before
    lines = HealthHistory.objects.order_by("checked_at").values_list("outcome", "status")
    assert list(lines) == [("timeout", "degraded"), ("ok", "healthy")]


def test_who_took_a_check_over_goes_on_with_it() -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration, Outcome.TIMEOUT)
    lease_over = NOW + timedelta(minutes=3)
    claim(integration, now=lease_over)

    replay.apply(now=lease_over)

    assert schedule.is_being_checked(integration.pk, now=lease_over)
    assert health(integration).status == "healthy"
    assert HealthHistory.objects.count() == 1


def test_two_results_of_one_integration_are_told_in_their_order() -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration, Outcome.TIMEOUT)
    keep_one(integration, Outcome.OK, at=NOW + timedelta(minutes=3))

    replay.apply(now=LATER)

    assert (health(integration).status, health(integration).applied_seq) == ("healthy", 2)
    assert HealthHistory.objects.count() == 2


def remove(integration: Integration) -> None:
    integration.delete()


def pause(integration: Integration) -> None:
    Integration.objects.filter(pk=integration.pk).update(enabled=False)


def connect_anew(integration: Integration) -> None:
    HealthCheck.objects.filter(integration=integration).update(
        check_seq=1, state_version=9, slot_at=None, next_check_at=NOW
    )


@pytest.mark.parametrize(
    ("change", "lines", "status"),
    [(remove, 0, None), (pause, 1, "degraded"), (connect_anew, 1, "healthy")],
)
def test_what_became_of_the_integration_decides_as_for_any_result(
    change: Callable[[Integration], None], lines: int, status: str | None
) -> None:
    integration = factories.integration(status="healthy")
    keep_one(integration, Outcome.TIMEOUT)
    change(integration)

    replay.apply(now=LATER)

    assert HealthHistory.objects.count() == lines
    row = HealthCheck.objects.first()
    assert (row.status if row else None) == status
    assert buffer.length() == 0


@pytest.mark.parametrize("is_wanted", [False, True])
def test_only_what_was_made_due_after_the_claim_is_asked_again(is_wanted: bool) -> None:
    integration = factories.integration(status="unknown", slot_at=None)
    keep_one(integration)
    if is_wanted:
        schedule.make_due([integration.pk], spread=timedelta(0), now=NOW)

    replay.apply(now=NOW)

    assert (health(integration).next_check_at <= NOW) is is_wanted


@pytest.mark.usefixtures("default_rules")
def test_the_failure_that_was_kept_opens_the_alert_it_would_have_opened() -> None:
    integration = factories.integration(status="degraded", consecutive_failures=2, failing_streak=2)
    keep_one(integration, Outcome.TIMEOUT)

    replay.apply(now=LATER)

    assert health(integration).status == "unhealthy"
    assert Alert.objects.filter(integration=integration, resolved_at=None).exists()


def test_a_claim_without_a_result_ends_unmarked() -> None:
    integration = factories.integration(next_check_at=NOW)
    assert keep(schedule.claim_due("composio", limit=1, now=NOW), [])

    replay.apply(now=NOW)

    assert health(integration).crash_count == 0
    assert len(schedule.claim_due("composio", limit=1, now=NOW).targets) == 1


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"version": 0}, "other_version"),
        ({"version": "", "packed": ""}, "other_version"),
        ({"packed": b"?"}, "unreadable"),
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
    keep(taken, [others[0], poison._replace(response_time_ms=2**40), others[1]])

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


def test_without_anything_kept_the_database_is_not_asked(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0):
        assert replay.apply() == 0


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
