"""F18: workers whose wall clocks are ten minutes off."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos.database import accounts
from tests.chaos.processes import Process
from tests.chaos.stack import AFTER_SILENCE, LEASE, Stack

pytestmark = pytest.mark.chaos

DUE = range(30)
# Nine minutes from now: for a clock that is ten minutes ahead they are due.
NOT_DUE = range(30, 60)
INTERVAL = timedelta(minutes=5)
JITTER = INTERVAL * 0.05
LONGEST_BATCH = timedelta(seconds=LEASE / 2)


@pytest.mark.parametrize("skews", [[600], [-600], [600, -600]], ids=["ahead", "behind", "both"])
def test_a_wrong_clock_makes_no_check_early_late_or_twice(stack: Stack, skews: list[int]) -> None:
    stack.start_simulator(accounts=len(DUE) + len(NOT_DUE))
    workers = [start_skewed_worker(stack, seconds) for seconds in skews]
    stack.start_beat()
    stack.wait_until_ready(*workers)
    assert [round(skew_of(worker), -2) for worker in workers] == skews
    stack.database.watch(NOT_DUE, due_in=timedelta(minutes=9))
    stack.database.watch(DUE)

    stack.wait_until(
        lambda: len(stack.database.finished()) >= len(DUE),
        seconds=AFTER_SILENCE,
        what="what is due is checked",
    )
    stack.wait_for_ticks(3)

    ledger = stack.audit()
    assert ledger.violations == []
    assert ledger.unrecorded == []
    assert {one.account for one in stack.probes()} == set(accounts(DUE))
    assert_times_are_the_databases(stack)
    stack.wait_until(
        lambda: stack.database.rows("SELECT kind FROM staff_notices") == [("wrong_clock",)],
        seconds=AFTER_SILENCE,
        what="staff have a notice of the wrong clock",
    )


def start_skewed_worker(stack: Stack, seconds: int) -> Process:
    return stack.start_worker(
        f"skewed-by-{seconds}",
        PYTHONPATH=str(Path(__file__).parent / "skew"),
        CLOCK_SKEW_SECONDS=str(seconds),
    )


def skew_of(worker: Process) -> float:
    """Return how far ahead of ours, in seconds, the clock is by which a worker dates its log."""
    line = next(line for line in worker.text().splitlines() if "ready." in line)
    its_now = datetime.fromisoformat(json.loads(line)["timestamp"])
    return (its_now - datetime.now(UTC)).total_seconds()


def assert_times_are_the_databases(stack: Stack) -> None:
    began_at, now = datetime.fromtimestamp(stack.began_at).astimezone(), stack.database.now()
    for checked_at, next_check_at in stack.database.rows(
        "SELECT last_check_at, next_check_at FROM integration_health_checks"
        " WHERE last_check_at IS NOT NULL"
    ):
        assert began_at <= checked_at <= now
        delay = next_check_at - checked_at
        assert INTERVAL - JITTER <= delay <= INTERVAL + JITTER + LONGEST_BATCH
