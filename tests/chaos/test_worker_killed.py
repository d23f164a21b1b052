"""F1: a worker dies in the middle of a batch."""

import random

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.processes import Process
from tests.chaos.stack import AFTER_SILENCE, LEASE, Stack

pytestmark = pytest.mark.chaos

INTEGRATIONS = 30
LATENCY_MS = 60


@pytest.mark.parametrize(
    ("point", "was_asked"),
    [
        ("after_claim", False),
        ("after_asking", True),
        ("before_commit", True),
        ("after_recording", False),
    ],
)
def test_a_worker_that_dies_at_the_worst_moment_loses_and_doubles_nothing(
    stack: Stack, point: str, was_asked: bool
) -> None:
    doomed, sound = stack.start_worker("doomed", CRASH_AT=point), stack.start_worker("sound")
    begin(stack, doomed, sound)
    stack.wake(4)
    stack.wait_until(
        lambda: "SIGKILL" in doomed.text(), seconds=10, what=f"the worker dies {point}"
    )

    doomed.kill_tree()

    ledger = everything_is_checked_once(stack)
    assert bool(ledger.unrecorded) is was_asked


@pytest.mark.parametrize("is_whole_tree", [True, False], ids=["worker", "child"])
def test_a_worker_killed_at_any_moment_of_a_batch_loses_and_doubles_nothing(
    stack: Stack, is_whole_tree: bool
) -> None:
    # One batch of them all that takes a while, so that there is a middle to die in.
    victim = stack.start_worker(
        "victim", CHECK_BATCH_SIZE=str(INTEGRATIONS), COMPOSIO_CONCURRENCY="3"
    )
    begin(stack, victim)
    stack.wake(1)
    moment = random.randrange(1, INTEGRATIONS // 2)
    stack.wait_until(
        lambda: len(stack.probes()) >= moment, seconds=10, what=f"{moment} probes went out"
    )

    if is_whole_tree:
        victim.kill_tree()
        stack.wait_until_ready(stack.start_worker("heir"))
    else:
        (child,) = victim.children()
        victim.kill(child)

    everything_is_checked_once(stack)
    assert all(one.claims == 2 for one in stack.database.watched())


def begin(stack: Stack, *workers: Process) -> None:
    # Ticks come all the time, so that nothing but the lease keeps a dead worker's rows.
    stack.start_beat()
    stack.start_simulator(accounts=INTEGRATIONS, latency_ms=LATENCY_MS)
    stack.wait_until_ready(*workers)
    stack.database.watch(range(INTEGRATIONS))


def everything_is_checked_once(stack: Stack) -> Ledger:
    stack.wait_until_all_checked(seconds=LEASE + AFTER_SILENCE)
    ledger = stack.audit()
    assert ledger.violations == []
    assert len(stack.database.finished()) == INTEGRATIONS
    assert stack.database.miscounted() == 0
    return ledger
