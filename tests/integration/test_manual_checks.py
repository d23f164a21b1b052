"""A check that somebody asked for: who gets one, what it finds, and what it costs who does not."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_health import budget, manual_checks, manual_slots, pipeline, schedule
from integrations_health.models import HealthCheck, HealthHistory, Integration
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.results import lose
from tests.sessions import at_once
from tests.watching import health, watch

# What is checked in another thread must see it.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def watched(simulator: Simulator, settings: Any) -> Integration:
    """Return an integration whose account answers, and which has not been checked yet."""
    return watch(simulator, simulator.connect("composio", "gmail", user_id="alice"))


def probes(simulator: Simulator, of: Integration) -> int:
    return len(simulator.calls(account=of.server_instance_id))


def test_the_result_is_the_answer(watched: Integration) -> None:
    answer = manual_checks.check(watched.pk)

    assert (answer.health.status, answer.is_cached, answer.is_running) == ("healthy", False, False)
    assert answer.health == health(watched)
    assert HealthHistory.objects.get().status == "healthy"


def test_within_a_minute_there_is_no_second(watched: Integration, simulator: Simulator) -> None:
    simulator.script(watched.server_instance_id, "500")
    manual_checks.check(watched.pk)
    asked = probes(simulator, watched)

    with pytest.raises(manual_checks.Limited) as limited:
        manual_checks.check(watched.pk)

    assert timedelta(seconds=50) < limited.value.held_for <= timedelta(seconds=60)
    assert limited.value.health.status == "degraded"
    assert probes(simulator, watched) == asked


def test_after_a_minute_there_is(watched: Integration, simulator: Simulator) -> None:
    simulator.script(watched.server_instance_id, "500")
    manual_checks.check(watched.pk)
    HealthCheck.objects.update(manual_at=datetime.now(UTC) - timedelta(seconds=61))

    again = manual_checks.check(watched.pk)

    assert again.health.consecutive_failures == 2


def test_what_was_healthy_a_moment_ago_is_answered_and_holds_nobody_up(
    watched: Integration, simulator: Simulator
) -> None:
    pipeline.check_one(watched.pk)
    asked = probes(simulator, watched)

    answers = [manual_checks.check(watched.pk) for _ in range(2)]

    assert [answer.is_cached for answer in answers] == [True, True]
    assert probes(simulator, watched) == asked
    assert health(watched).manual_at is None


def test_of_many_at_once_one_takes_the_turn(watched: Integration) -> None:
    taken: list[datetime | None] = []

    at_once(20, lambda _: taken.append(manual_slots.take(watched.pk)))

    assert len([turn for turn in taken if turn is not None]) == 1


def test_a_turn_taken_while_somebody_looked_holds_nobody_for_more_than_the_minute(
    watched: Integration, settings: Any
) -> None:
    taken_at = datetime.now(UTC)
    manual_slots.take(watched.pk, now=taken_at)

    looked_at = taken_at - timedelta(milliseconds=5)

    assert manual_slots.held_for(watched.pk, now=looked_at) == settings.MANUAL_CHECK_EVERY


def test_a_turn_that_somebody_took_since_is_not_given_back(watched: Integration) -> None:
    first = datetime.now(UTC) - timedelta(minutes=2)
    manual_slots.take(watched.pk, now=first)
    manual_slots.take(watched.pk)

    manual_slots.give_back(watched.pk, first)

    assert manual_slots.held_for(watched.pk) > timedelta()


def test_what_may_not_be_asked_gives_the_turn_back(watched: Integration) -> None:
    factories.budget(blocked_until=datetime.now(UTC) + timedelta(hours=1))

    with pytest.raises(budget.Spent):
        manual_checks.check(watched.pk)

    assert health(watched).manual_at is None


def test_what_crashes_again_and_again_rests_and_gives_the_turn_back(watched: Integration) -> None:
    lose(watched, crashes=3)

    with pytest.raises(pipeline.Parked):
        manual_checks.check(watched.pk)

    assert health(watched).manual_at is None


def test_our_own_fault_gives_the_turn_back(watched: Integration) -> None:
    Integration.objects.update(provider="nobody")

    with pytest.raises(KeyError):
        manual_checks.check(watched.pk)

    assert health(watched).manual_at is None


def test_what_is_paused_may_be_checked(watched: Integration) -> None:
    Integration.objects.update(enabled=False)

    assert manual_checks.check(watched.pk).health.status == "healthy"


def test_what_is_gone_is_told(watched: Integration) -> None:
    Integration.objects.all().delete()

    with pytest.raises(HealthCheck.DoesNotExist):
        manual_checks.check(watched.pk)


def test_who_does_not_wait_learns_that_it_runs_and_it_is_recorded(
    watched: Integration, simulator: Simulator
) -> None:
    simulator.script(watched.server_instance_id, "slow(300)")

    answer = manual_checks.check(watched.pk, patience=timedelta())

    assert answer.is_running
    assert recorded(watched).status == "healthy"


def test_what_the_sweep_is_checking_is_waited_for_and_not_asked_twice(
    watched: Integration, simulator: Simulator
) -> None:
    simulator.script(watched.server_instance_id, "slow(500)")
    answers: list[manual_checks.Answer] = []

    def work(number: int) -> None:
        if number == 0:
            pipeline.run("composio")
        else:
            assert simulator.wait_until(lambda: probes(simulator, watched) > 0)
            answers.append(manual_checks.check(watched.pk))

    at_once(2, work)

    assert [answer.health.status for answer in answers] == ["healthy"]
    assert probes(simulator, watched) == 1
    assert health(watched).manual_at is None


def test_a_worker_that_died_is_not_waited_for_without_end(
    watched: Integration, settings: Any
) -> None:
    settings.MANUAL_CHECK_PATIENCE = timedelta(seconds=0.3)
    schedule.claim_one(watched.pk)

    assert manual_checks.check(watched.pk).is_running


def test_what_the_sweep_gave_back_unasked_is_told(
    watched: Integration, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger=manual_checks.__name__)
    claim = schedule.claim_one(watched.pk)
    answers: list[object] = []

    def work(number: int) -> None:
        if number == 0:
            wait_until(lambda: "manual_check.joined" in caplog.messages)
            schedule.release(claim.targets, wait=timedelta(seconds=5))
            return
        with pytest.raises(budget.Spent) as spent:
            manual_checks.check(watched.pk)
        answers.append(spent.value)

    at_once(2, work)

    assert len(answers) == 1


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def recorded(made: Integration) -> HealthCheck:
    wait_until(lambda: health(made).last_check_at is not None)
    return health(made)
