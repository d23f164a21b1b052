"""Results that could not be recorded are, once, when the database is back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest
from redis import Redis

from alerts.models import Alert
from integrations_health import buffer, pipeline, replay, schedule
from integrations_health.models import ClaimedBatch, HealthCheck, HealthHistory, Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.conftest import NOW
from tests.keeping import keep, keep_one
from tests.results import claim, result
from tests.watching import health

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

LATER = NOW + timedelta(hours=1)
STREAM = "results:kept"


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


def test_without_anything_kept_the_database_is_not_asked(
    django_assert_num_queries: Any,
) -> None:
    with django_assert_num_queries(0):
        assert replay.apply() == 0
