"""F21: messages and results that are delivered many times over."""

import pytest

from tests.chaos.stack import AFTER_SILENCE, Stack

pytestmark = pytest.mark.chaos

INTEGRATIONS = range(60)
RESULTS = range(200)


def test_hundreds_of_wake_ups_for_the_same_work_check_everything_once(stack: Stack) -> None:
    stack.start_simulator(accounts=len(INTEGRATIONS))
    workers = [stack.start_worker(name, children=2) for name in ("one", "other")]
    stack.wait_until_ready(*workers)
    stack.database.watch(INTEGRATIONS)

    stack.wake(150)
    stack.wake(150, task_id="the same message again and again")
    stack.wait_until_all_checked(seconds=AFTER_SILENCE)
    stack.wait_until(stack.has_no_messages, seconds=30, what="every message had its turn")

    ledger = stack.audit()
    assert ledger.violations == []
    assert ledger.unrecorded == []
    assert len(stack.probes()) == len(INTEGRATIONS)


def test_results_that_come_again_and_again_and_too_late_count_once(stack: Stack) -> None:
    stack.database.watch(RESULTS)

    stack.run(
        *("-m", "tests.chaos.redeliver", "--results", str(len(RESULTS))),
        *("--processes", "8", "--deliveries", "15"),
    )

    # Of two claims each; the late one is history only.
    assert len(stack.database.finished()) == 2 * len(RESULTS)
    assert stack.database.miscounted() == 0
    assert stack.database.rows(_STATES) == [(2, 2, 1, 1, 1, len(RESULTS))]


_STATES = """
SELECT check_seq, applied_seq, state_version, consecutive_failures, failing_streak, count(*)
FROM integration_health_checks GROUP BY 1, 2, 3, 4, 5
"""
