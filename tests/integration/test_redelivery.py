"""Results that come twice, late, out of order, or all at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from redis import Redis

from integrations_health import buffer, network, pipeline, replay, schedule
from integrations_health.models import ClaimedBatch, HealthCheck, HealthHistory
from integrations_health.outcomes import CheckResult, CheckTarget, Outcome
from tests import factories
from tests.conftest import NOW
from tests.results import claim, result
from tests.sessions import another_session, at_once
from tests.watching import health

pytestmark = pytest.mark.django_db


def test_a_batch_delivered_twice_is_recorded_once() -> None:
    integration = factories.integration(status="healthy")
    (target,) = claim(integration)
    delivered = [result(target, Outcome.TIMEOUT)]

    pipeline.record(delivered, now=NOW)
    once = HealthCheck.objects.values().get()
    again = pipeline.record(delivered, now=NOW + timedelta(seconds=9))

    assert again == []
    assert HealthCheck.objects.values().get() == once
    assert HealthHistory.objects.count() == 1


def test_one_result_twice_in_a_batch_counts_once() -> None:
    integration = factories.integration(status="healthy")
    (target,) = claim(integration)
    timed_out = result(target, Outcome.TIMEOUT)

    pipeline.record([timed_out, timed_out], now=NOW)

    assert health(integration).consecutive_failures == 1
    assert HealthHistory.objects.count() == 1


def test_a_late_result_adds_history_and_nothing_else() -> None:
    integration = factories.integration(status="healthy")
    (slow_worker,) = claim(integration)
    lease_over = NOW + timedelta(minutes=3)
    claim(integration, now=lease_over)
    before = HealthCheck.objects.values().get()

    late = result(slow_worker, Outcome.TIMEOUT)
    pipeline.record([late], now=lease_over)
    pipeline.record([late], now=lease_over)

    assert HealthCheck.objects.values().get() == before
    (line,) = HealthHistory.objects.all()
    assert (line.outcome, line.status) == ("timeout", "degraded")


def test_a_result_whose_integration_is_gone_is_dropped() -> None:
    integration = factories.integration()
    (target,) = claim(integration)
    integration.delete()

    assert pipeline.record([result(target)], now=NOW) == []
    assert not HealthHistory.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_deliveries_at_once_apply_each_result_once() -> None:
    integrations = [factories.integration(status="healthy") for _ in range(20)]
    results = [result(target, Outcome.TIMEOUT) for target in claim(*integrations)]

    at_once(8, lambda number: pipeline.record(results[::-1] if number % 2 else results, now=NOW))

    assert set(HealthCheck.objects.values_list("consecutive_failures", flat=True)) == {1}
    assert HealthHistory.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_many_claims_at_once_take_each_row_once() -> None:
    integrations = [factories.integration(next_check_at=NOW) for _ in range(60)]
    taken: list[CheckTarget] = []

    at_once(8, lambda _: taken.extend(schedule.claim_due("composio", limit=10, now=NOW).targets))

    assert {target.check_seq for target in taken} == {1}
    assert len(taken) == len({target.integration_id for target in taken}) == len(integrations)


def test_a_check_made_due_while_it_runs_is_due_again_at_once() -> None:
    integration = factories.integration(status="unhealthy")
    (target,) = claim(integration)

    schedule.make_due([integration.id], spread=timedelta(0), now=NOW)
    pipeline.record([result(target, Outcome.AUTH_EXPIRED, is_certain=True)], now=NOW)

    assert health(integration).next_check_at == NOW


@pytest.mark.django_db(transaction=True)
def test_results_wait_for_a_row_that_somebody_holds() -> None:
    integration = factories.integration(status="unknown")
    (target,) = claim(integration)
    lock = "SELECT FROM integration_health_checks WHERE integration_id = %s FOR UPDATE"
    with another_session() as session, ThreadPoolExecutor() as elsewhere:
        session.execute(lock, [integration.id])

        recording = elsewhere.submit(_record_and_close, result(target))
        with pytest.raises(TimeoutError):
            recording.result(timeout=2.5)  # longer than the lock timeout: one attempt has failed
        session.rollback()
        recording.result(timeout=10)

    assert health(integration).status == "healthy"


@pytest.mark.django_db(transaction=True)
def test_a_server_that_only_reads_is_left_for_one_that_writes() -> None:
    integration = factories.integration(status="unknown")
    (target,) = claim(integration)
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    pipeline.record([result(target)], now=NOW)

    assert health(integration).status == "healthy"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_redis", [True, False])
def test_a_batch_that_could_not_be_recorded_is_kept_or_given_back_and_never_marked(
    has_redis: bool, redis: Redis, settings: Any
) -> None:
    integration = factories.integration(
        provider="mcp", server_url="http://127.0.0.1:1/mcp", status="healthy", next_check_at=NOW
    )
    if not has_redis:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with another_session() as session:
        session.execute("LOCK TABLE integration_health_history_2031_03 IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError):
            pipeline.run("mcp", now=NOW)
        session.rollback()
    network.close()

    asked_again_at = health(integration).next_check_at
    replay.apply(now=NOW)

    row = health(integration)
    assert row.crash_count == 0
    assert not ClaimedBatch.objects.exists()
    assert HealthHistory.objects.count() == has_redis
    if has_redis:
        assert (asked_again_at, row.applied_seq, buffer.length()) == (NOW, 1, 0)
    else:
        assert asked_again_at == NOW + pipeline.RETURN_AFTER_FAILURE


def _record_and_close(found: CheckResult) -> None:
    try:
        pipeline.record([found], now=NOW)
    finally:
        connections.close_all()
