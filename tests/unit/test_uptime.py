"""For how much of the time something worked, in numbers that hide no failure."""

import pytest

from integrations_health import uptime

QUARTER = 90 * 86_400


@pytest.mark.parametrize(
    ("observed", "down", "percent"),
    [
        (QUARTER, 0, 100),
        (QUARTER, 1, 99.9),
        (QUARTER, QUARTER - 1, 0.1),
        (QUARTER, QUARTER, 0),
        (3, 1, 66.7),
        (1_000, 28, 97.2),
    ],
)
def test_only_what_was_never_down_worked_all_the_time(
    observed: float, down: float, percent: float
) -> None:
    assert uptime.percent(observed, down) == percent
