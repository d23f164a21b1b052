"""F2: no beat at all; the workers wake themselves."""

import pytest

from tests.chaos.stack import AFTER_SILENCE, Stack

pytestmark = pytest.mark.chaos

INTEGRATIONS = 90


def test_workers_that_hear_no_tick_check_everything(stack: Stack) -> None:
    stack.database.watch(range(INTEGRATIONS))
    stack.start_simulator(accounts=INTEGRATIONS)
    workers = [stack.start_worker(name) for name in ("one", "other")]
    stack.wait_until_ready(*workers)

    stack.wait_until_all_checked(seconds=AFTER_SILENCE)

    ledger = stack.audit()
    assert ledger.violations == []
    assert ledger.unrecorded == []
