"""Results that are recorded on rows as the claim read them, whatever became of those since."""

import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F

from integrations_health import pipeline, schedule
from integrations_health.claimed import Claim
from integrations_health.models import HealthCheck, HealthHistory, Integration
from integrations_health.outcomes import CheckResult, Outcome, Transition
from integrations_health.schedule import PARK_AFTER_CRASHES
from integrations_health.status import Status
from tests import factories
from tests.conftest import NOW
from tests.results import result
from tests.sessions import at_once
from tests.statements import counted_statements
from tests.watching import health

pytestmark = pytest.mark.django_db

LEASE_OVER = NOW + settings.CHECK_LEASE + timedelta(seconds=1)


def due(count: int = 1, **fields: object) -> list[Integration]:
    return [
        factories.integration(**{"status": "healthy", "next_check_at": NOW, **fields})
        for _ in range(count)
    ]


def found(taken: Claim, outcome: Outcome = Outcome.TIMEOUT) -> list[CheckResult]:
    return [result(target, outcome) for target in taken.targets]


def record(results: Sequence[CheckResult], taken: Claim) -> list[Transition]:
    return pipeline.record(results, known=taken.rows, now=NOW)


@pytest.mark.parametrize("size", [1, 50])
def test_rows_that_stayed_as_they_were_are_not_read_again(size: int) -> None:
    due(size)
    taken = schedule.claim_due("composio", limit=size, now=NOW)

    with counted_statements() as sent:
        record(found(taken), taken)

    # savepoint, update, copy, count; a look at alerts, and a closer one at what failed
    # (integrations, their unrest, rules); release
    assert len(sent) == 4 + 1 + 3 + 1
    assert HealthHistory.objects.filter(outcome="timeout", status="degraded").count() == size


@pytest.mark.parametrize("outcome", [Outcome.OK, Outcome.TIMEOUT, Outcome.RATE_LIMITED])
def test_it_makes_no_difference_whether_the_row_is_read_again(outcome: Outcome) -> None:
    fields = {"status": "degraded", "consecutive_failures": 1, "failing_streak": 1}
    fields |= {"error_code": "timeout", "error_message": "So it was.", "status_since": NOW}
    as_claimed, read_again = due(2, **fields)
    taken = schedule.claim_due("composio", limit=2, now=NOW)

    for one in found(taken, outcome):
        is_known = one.integration_id == as_claimed.id
        pipeline.record([one], known=taken.rows if is_known else None, now=NOW)

    of_itself = {"id", "integration_id", "user_id", "created_at", "next_check_at"}
    first, second = (
        {name: value for name, value in row.items() if name not in of_itself}
        for row in HealthCheck.objects.filter(integration__in=[as_claimed, read_again]).values()
    )
    assert first == second


def test_a_state_that_changed_since_the_claim_is_what_the_result_builds_on() -> None:
    (integration,) = due()
    taken = schedule.claim_due("composio", limit=1, now=NOW)
    HealthCheck.objects.update(
        status="degraded",
        consecutive_failures=2,
        failing_streak=2,
        state_version=F("state_version") + 1,
    )

    transitions = record(found(taken), taken)

    assert [(one.old, one.new) for one in transitions] == [(Status.DEGRADED, Status.UNHEALTHY)]
    assert health(integration).consecutive_failures == 3
    assert HealthHistory.objects.get().status == "unhealthy"


def test_a_batch_delivered_twice_is_recorded_once() -> None:
    due(3)
    taken = schedule.claim_due("composio", limit=3, now=NOW)

    record(found(taken), taken)
    once = list(HealthCheck.objects.order_by("pk").values())
    again = record(found(taken), taken)

    assert again == []
    assert list(HealthCheck.objects.order_by("pk").values()) == once
    assert HealthHistory.objects.count() == 3


@pytest.mark.parametrize("deliveries", [1, 2])
def test_each_of_a_mixed_batch_gets_what_is_due_to_it(deliveries: int) -> None:
    fresh, retaken, gone, given_back = due(4)
    earlier = NOW - timedelta(minutes=1)
    lost = schedule.claim_one(retaken.id, now=earlier)
    taken = schedule.claim_due("composio", limit=4, now=NOW)
    schedule.release(
        [one for one in taken.targets if one.integration_id == given_back.id],
        wait=timedelta(0),
        now=NOW,
    )
    anew = earlier + settings.CHECK_LEASE
    schedule.claim_one(retaken.id, now=anew)
    gone.delete()

    everything = taken._replace(rows=taken.rows | lost.rows, targets=taken.targets + lost.targets)
    transitions = record(found(everything) * deliveries, everything)

    assert [one.integration_id for one in transitions] == [fresh.id]
    assert health(fresh).consecutive_failures == 1
    assert schedule.is_being_checked(retaken.id, now=anew)
    assert health(given_back).last_check_at is None
    lines = HealthHistory.objects.values_list("integration_id", flat=True)
    assert sorted(lines) == sorted([fresh.id, retaken.id])


def test_two_answers_to_one_claim_count_once() -> None:
    (integration,) = due()
    taken = schedule.claim_due("composio", limit=1, now=NOW)
    later = result(taken.targets[0], Outcome.TIMEOUT, at=NOW + timedelta(seconds=1))

    record([*found(taken), later], taken)

    assert health(integration).consecutive_failures == 1
    assert HealthHistory.objects.count() == 1


def test_what_was_parked_meanwhile_stays_parked() -> None:
    (integration,) = due(crash_count=PARK_AFTER_CRASHES - 1)
    taken = schedule.claim_due("composio", limit=1, now=NOW)
    schedule.claim_due("composio", limit=1, now=LEASE_OVER)

    record(found(taken, Outcome.OK), taken)

    row = health(integration)
    assert (row.status, row.parked_at) == ("unknown", LEASE_OVER)
    assert HealthHistory.objects.get().status == "healthy"


def test_what_was_made_due_meanwhile_is_due_again_at_once() -> None:
    (integration,) = due()
    taken = schedule.claim_due("composio", limit=1, now=NOW)
    schedule.make_due([integration.id], spread=timedelta(0), now=NOW)

    record(found(taken, Outcome.OK), taken)

    row = health(integration)
    assert (row.next_check_at, row.ok_streak) == (NOW, 1)


def test_what_was_paused_meanwhile_is_recorded_and_stays_paused() -> None:
    (integration,) = due()
    taken = schedule.claim_due("composio", limit=1, now=NOW)
    Integration.objects.update(enabled=False)

    record(found(taken), taken)

    row = health(integration)
    assert (row.enabled, row.status) == (False, "degraded")


@pytest.mark.django_db(transaction=True)
def test_many_deliveries_at_once_apply_each_result_once() -> None:
    due(20)
    taken = schedule.claim_due("composio", limit=20, now=NOW)
    results = found(taken)

    at_once(8, lambda number: record(results[::-1] if number % 2 else results, taken))

    assert set(HealthCheck.objects.values_list("consecutive_failures", flat=True)) == {1}
    assert HealthHistory.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_who_locks_the_same_rows_is_never_met_crosswise(caplog: pytest.LogCaptureFixture) -> None:
    ids = [integration.id for integration in due(60)]
    taken = schedule.claim_due("composio", limit=60, now=NOW)
    results = found(taken)

    def work(number: int) -> None:
        for shift in range(0, 60, 6):
            if number % 2:
                schedule.make_due(ids[shift:] + ids[:shift], spread=timedelta(0), now=NOW)
            else:
                record(results[shift:] + results[:shift], taken)

    with caplog.at_level(logging.WARNING):
        at_once(6, work)

    assert caplog.messages == []
    assert HealthHistory.objects.count() == 60
