"""F3: five beats check what one beat checks, at the same times."""

from datetime import timedelta

import pytest

from tests.chaos.stack import AFTER_SILENCE, TICK, Stack

pytestmark = pytest.mark.chaos

INTEGRATIONS = 60
DUE_OVER = timedelta(seconds=6)
LATEST = timedelta(seconds=4 * TICK)
_TICK_SENT = "Sending due task wake workers"


@pytest.mark.parametrize("beats", [1, 5])
def test_any_number_of_beats_makes_the_same_checks(stack: Stack, beats: int) -> None:
    stack.start_simulator(accounts=INTEGRATIONS)
    workers = [stack.start_worker(name) for name in ("one", "other")]
    ticking = [stack.start_beat(f"beat-{number}") for number in range(beats)]
    stack.wait_until_ready(*workers)
    stack.wait_until(
        lambda: all(_TICK_SENT in beat.text() for beat in ticking),
        seconds=20,
        what="every beat ticks",
    )

    stack.database.watch(range(INTEGRATIONS), due_over=DUE_OVER)
    stack.wait_until_all_checked(seconds=DUE_OVER.total_seconds() + AFTER_SILENCE)

    ledger = stack.audit()
    assert ledger.violations == []
    assert ledger.unrecorded == []
    assert len(stack.probes()) == INTEGRATIONS
    assert timedelta() <= stack.database.value(_EARLIEST)
    assert stack.database.value(_LATEST) <= LATEST
    assert all(beat.text().count(_TICK_SENT) >= 3 for beat in ticking)


_EARLIEST = "SELECT min(last_check_at - slot_at) FROM integration_health_checks"
_LATEST = "SELECT max(last_check_at - slot_at) FROM integration_health_checks"
