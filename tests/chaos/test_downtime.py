"""F22: back after half an hour in which nothing ran."""

from datetime import timedelta

import pytest

from integrations_health.allotment import KEPT_FREE, MANUAL_SHARE
from tests.chaos.database import accounts
from tests.chaos.ledger import most_in_a_second
from tests.chaos.stack import AFTER_SILENCE, TICK, Stack

pytestmark = [pytest.mark.chaos, pytest.mark.alone]

INTEGRATIONS = range(1000)
ILL = accounts(INTEGRATIONS)[::10]
DOWN_FOR = timedelta(minutes=30)
CALLS_PER_MINUTE = 6000
PER_SECOND = CALLS_PER_MINUTE / 60
# What the sweep may use of it.
CHECKS_PER_SECOND = PER_SECOND * (1 - KEPT_FREE - MANUAL_SHARE)
FRESH_WITHIN = len(INTEGRATIONS) / CHECKS_PER_SECOND * 1.2 + TICK


def test_a_backlog_is_worked_off_once_in_time_and_within_the_providers_limit(stack: Stack) -> None:
    stack.start_simulator(accounts=len(INTEGRATIONS))
    stack.database.watch(INTEGRATIONS)
    leave_alone_for(stack, DOWN_FOR)

    workers = [
        stack.start_worker(
            name, CHECK_BATCH_SIZE="200", COMPOSIO_CALLS_PER_MINUTE=str(CALLS_PER_MINUTE)
        )
        for name in ("one", "other")
    ]
    stack.start_beat()
    stack.wait_until_ready(*workers)
    stack.wait_until_all_checked(seconds=AFTER_SILENCE + FRESH_WITHIN + 10)

    ledger = stack.audit()
    assert ledger.violations == []
    assert ledger.unrecorded == []
    assert len(stack.database.finished()) == len(INTEGRATIONS)
    ((gap, ended_at),) = stack.database.rows(_GAPS)
    assert gap >= DOWN_FOR
    probes = stack.probes()
    assert probes[-1].started_at <= ended_at.timestamp() + FRESH_WITHIN
    assert most_in_a_second(stack.calls()) <= PER_SECOND * 1.1
    accounts_in_order = [probe.account for probe in probes]
    assert set(ILL) <= set(accounts_in_order[: len(INTEGRATIONS) // 3])


def leave_alone_for(stack: Stack, downtime: timedelta) -> None:
    """Let it be as if the schedule was looked at last so long ago; many slots were missed."""
    with stack.database.connection.transaction():
        stack.database.connection.execute(_WAS_HEALTHY, [downtime])
        stack.database.connection.execute(_WAS_ILL, [ILL])
        stack.database.connection.execute(_WAS_AWAKE, [downtime])


_WAS_HEALTHY = """
UPDATE integration_health_checks
SET status = 'healthy', next_check_at = now() - %s + random() * interval '5 minutes'
"""
_WAS_ILL = """
UPDATE integration_health_checks h SET status = 'unhealthy', consecutive_failures = 3
FROM user_integrations i WHERE i.id = h.integration_id AND i.server_instance_id = ANY(%s)
"""
_WAS_AWAKE = "INSERT INTO monitor_heartbeats VALUES ('schedule', now() - %s)"
_GAPS = "SELECT ended_at - started_at, ended_at FROM monitoring_gaps"
