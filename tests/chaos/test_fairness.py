"""A provider whose accounts hang costs the others nothing."""

import pytest

from tests.chaos.stack import Stack

pytestmark = pytest.mark.chaos

BACKLOG = 1_000


def test_accounts_that_hang_keep_no_other_provider_waiting(stack: Stack) -> None:
    stack.start_simulator(accounts=BACKLOG)
    # A batch of them holds its process for 12 ticks, as one does by default.
    worker = stack.start_worker(
        children=4,
        CALL_DEADLINE_SECONDS="2",
        CHECK_BATCH_SIZE="200",
        KLAVIS_CALLS_PER_MINUTE="0",
        KLAVIS_CONCURRENCY="20",
    )
    stack.wait_until_ready(worker)
    stack.tell_simulator("answers", provider="klavis", script="hang")
    stack.database.watch(range(BACKLOG), provider="klavis")
    stack.start_beat()
    stack.wait_until(
        lambda: stack.database.value("SELECT count(*) FROM claimed_batches") >= 3,
        seconds=20,
        what="processes wait for answers",
    )

    stack.database.watch(range(10))
    stack.wait_until(
        lambda: stack.database.unchecked(provider="composio") == 0,
        seconds=8,
        what="the other provider is checked",
    )
    stack.wait_for_ticks(2)

    assert stack.database.unchecked(provider="klavis") > 0
