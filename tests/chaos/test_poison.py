"""F25: an integration whose answer kills the process that judges it, every time."""

import pytest

from integrations_health.schedule import PARKED_FOR
from tests.chaos.database import accounts
from tests.chaos.stack import AFTER_SILENCE, LEASE, Stack

pytestmark = pytest.mark.chaos

# All in one batch, the poisonous one in the middle.
INTEGRATIONS = range(20)
CRASHES = 3
(POISON,) = accounts(range(10, 11))


def test_poison_is_parked_and_harms_nobody_else(stack: Stack) -> None:
    stack.start_simulator(accounts=len(INTEGRATIONS))
    stack.start_beat()
    worker = stack.start_worker(children=2, CRASH_AT=f"judging:{POISON}")
    stack.wait_until_ready(worker)
    stack.database.watch(INTEGRATIONS)
    stack.wake(1)

    stack.wait_until(
        lambda: stack.database.unchecked() <= 1,
        seconds=LEASE + AFTER_SILENCE,
        what="all but the poison is checked, after one lease",
    )
    stack.wait_until(
        lambda: stack.database.value(_PARKED) == 1,
        seconds=(CRASHES - 1) * (LEASE + AFTER_SILENCE),
        what="the poison is parked",
    )

    (row,) = stack.database.rows(_POISON, POISON)
    status, error_code, consecutive_failures, hours_parked, probes = *row, asked(stack, POISON)
    assert (status, error_code, consecutive_failures) == ("unknown", "internal_error", 0)
    assert hours_parked == PARKED_FOR
    stack.wait_until(
        lambda: stack.database.rows(_NOTICES) == [("check_parked", "composio")],
        seconds=AFTER_SILENCE,
        what="staff have a notice of it",
    )
    assert probes == CRASHES
    assert worker.text().count("SIGKILL") >= CRASHES
    others = [one for one in stack.audit().violations if not one.startswith(POISON)]
    assert others == []
    assert len(stack.database.finished()) == len(INTEGRATIONS) - 1


def asked(stack: Stack, account: str) -> int:
    return sum(probe.account == account for probe in stack.probes())


_NOTICES = "SELECT kind, subject FROM staff_notices"
_PARKED = "SELECT count(*) FROM integration_health_checks WHERE parked_at IS NOT NULL"
_POISON = """
SELECT h.status, h.error_code, h.consecutive_failures, h.next_check_at - h.parked_at
FROM integration_health_checks h JOIN user_integrations i ON i.id = h.integration_id
WHERE i.server_instance_id = %s
"""
