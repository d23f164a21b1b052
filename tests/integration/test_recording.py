"""Decide and remember: what results do to rows and history."""

from datetime import timedelta

import pytest

from integrations_health import partition_plan, partitions, pipeline
from integrations_health.check_ids import check_id
from integrations_health.models import HealthHistory
from integrations_health.outcomes import Outcome, Transition
from integrations_health.status import Status
from tests import factories
from tests.conftest import NOW
from tests.results import claim, result
from tests.statements import counted_statements
from tests.watching import health

pytestmark = pytest.mark.django_db


def test_a_result_becomes_the_current_state_and_one_line_of_history() -> None:
    integration = factories.integration(status="unknown")
    (target,) = claim(integration)

    pipeline.record([result(target)], now=NOW)

    row = health(integration)
    assert (row.status, row.error_code, row.response_time_ms) == ("healthy", "", 120)
    assert row.last_check_at == NOW
    assert abs(row.next_check_at - NOW - timedelta(minutes=5)) <= timedelta(seconds=15)
    assert (row.applied_seq, row.crash_count, row.ok_streak) == (1, 0, 1)
    assert row.metadata["evidence"] == [
        {"call": "GMAIL_GET_PROFILE", "said": "successful", "httpStatus": 200, "latencyMs": 120}
    ]
    (line,) = HealthHistory.objects.all()
    assert line.id == check_id(integration.id, 1, NOW)
    assert (line.integration_id, line.user_id) == (integration.id, integration.user_id)
    assert (line.status, line.outcome, line.checked_at) == ("healthy", "ok", NOW)


def test_a_change_of_status_is_returned_with_its_reason() -> None:
    integration = factories.integration(status="healthy")
    (target,) = claim(integration)

    transitions = pipeline.record([result(target, Outcome.PERMISSION)], now=NOW)

    assert transitions == [
        Transition(integration.id, Status.HEALTHY, Status.DEGRADED, NOW, Outcome.PERMISSION)
    ]
    assert health(integration).status_since == NOW


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.PENDING,
        Outcome.PROBE_MISCONFIGURED,
        Outcome.RATE_LIMITED,
        Outcome.KEY_REJECTED,
        Outcome.INTERNAL_ERROR,
    ],
)
def test_what_is_not_the_integrations_fault_moves_no_counter(outcome: Outcome) -> None:
    integration = factories.integration(
        status="degraded", consecutive_failures=2, failing_streak=2, error_code="timeout"
    )
    (target,) = claim(integration)

    transitions = pipeline.record([result(target, outcome)], now=NOW)

    row = health(integration)
    assert transitions == []
    assert (row.status, row.consecutive_failures, row.failing_streak) == ("degraded", 2, 2)
    assert row.error_code == "timeout"
    assert row.metadata["outcome"] == outcome
    assert HealthHistory.objects.get().outcome == outcome


def test_the_code_of_an_abstention_shows_where_no_bad_vote_stands() -> None:
    integration = factories.integration(status="unknown")
    (target,) = claim(integration)

    pipeline.record([result(target, Outcome.KEY_REJECTED)], now=NOW)

    row = health(integration)
    assert (row.status, row.error_code) == ("unknown", "key_rejected")


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        (None, timedelta(minutes=5)),
        (timedelta(seconds=1), timedelta(seconds=60)),
        (timedelta(minutes=9), timedelta(minutes=9)),
        (timedelta(days=3650), timedelta(hours=1)),
    ],
)
def test_the_next_look_waits_as_long_as_the_provider_said(
    said: timedelta | None, wait: timedelta
) -> None:
    integration = factories.integration(status="healthy")
    (target,) = claim(integration)

    pipeline.record([result(target, Outcome.RATE_LIMITED, wait=said)], now=NOW)

    assert health(integration).next_check_at - NOW == pytest.approx(wait, rel=0.051)


def test_three_failures_in_a_row_are_unhealthy_and_climb_the_ladder() -> None:
    integration = factories.integration(status="healthy")
    at = NOW
    delays = []
    for _ in range(4):
        (target,) = claim(integration, now=at)
        pipeline.record([result(target, Outcome.SERVER_ERROR, at=at)], now=at)
        delays.append((health(integration).next_check_at - at).total_seconds() / 60)
        at += timedelta(hours=1)

    row = health(integration)
    assert (row.status, row.consecutive_failures) == ("unhealthy", 4)
    assert delays == pytest.approx([10, 20, 40, 60], rel=0.051)


def test_a_connection_that_turns_active_has_its_grace_from_then_on() -> None:
    integration = factories.integration(status="unknown")
    (target,) = claim(integration)
    pipeline.record([result(target, Outcome.PENDING, is_active=False)], now=NOW)
    turned = NOW + timedelta(minutes=5)
    (target,) = claim(integration, now=turned)

    pipeline.record([result(target, Outcome.PENDING, at=turned, is_active=True)], now=turned)

    assert health(integration).active_since == turned
    (target,) = claim(integration, now=turned + timedelta(minutes=3))
    assert target.connected_at == turned


def test_who_is_still_connecting_lost_nothing_by_a_provider_that_fails() -> None:
    integration = factories.integration(status="unknown")
    at = NOW
    for outcome in (Outcome.PENDING, Outcome.SERVER_ERROR, Outcome.PENDING):
        (target,) = claim(integration, now=at)
        found = result(
            target, outcome, at=at, is_active=None if outcome is Outcome.SERVER_ERROR else False
        )
        pipeline.record([found], now=at)
        at += timedelta(minutes=6)

    row = health(integration)
    assert (row.status, row.error_code, row.consecutive_failures) == ("unknown", "pending", 0)
    (target,) = claim(integration, now=at)
    assert not target.was_connected


def test_a_missing_month_is_made_and_nothing_is_lost() -> None:
    integration = factories.integration(status="healthy")
    far = NOW + timedelta(days=4000)
    (target,) = claim(integration, now=far)

    pipeline.record([result(target, at=far)], now=far)

    assert partition_plan.month_of(far.date()) in partitions.existing(HealthHistory._meta.db_table)
    assert HealthHistory.objects.get().checked_at == far


@pytest.mark.parametrize("size", [1, 50])
def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(size: int) -> None:
    targets = claim(*(factories.integration() for _ in range(size)))

    with counted_statements() as sent:
        pipeline.record([result(target) for target in targets], now=NOW)

    # savepoint, lock, update, copy, count, a look at alerts, release
    assert len(sent) == 7
