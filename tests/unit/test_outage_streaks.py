"""One look decides nothing: an incident opens by the second, and is over by the third."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.outage_streaks import LONGEST_PAUSE, Streak, follow
from tests.conftest import NOW

TICK = timedelta(seconds=30)


def changes(shares: list[float | None], *, is_open: bool = False) -> list[str]:
    """Return what happens at each look, given which share fails; None: too few to say."""
    streak, said = Streak(), []
    for number, share in enumerate(shares):
        speaks = None if share is None else share <= 0.1 if is_open else share >= 0.5
        streak = follow(streak, is_open=is_open, speaks=speaks, at=NOW + number * TICK)
        said.append(("closes" if is_open else "opens") if streak.is_decided else "")
        if streak.is_decided:
            is_open, streak = not is_open, streak.turned()
    return said


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([1, 1], ["", "opens"]),
        ([1, 0.49, 1], ["", "", ""]),
        ([1, None, 1], ["", "", "opens"]),
        ([0.45, 0.55] * 4, [""] * 8),
        ([1, 1, 0, 0, 0], ["", "opens", "", "", "closes"]),
        ([1, 1, 0, 0, 0.11, 0, 0, 0], ["", "opens", "", "", "", "", "", "closes"]),
        ([1, 1, 0, None, 0, 0], ["", "opens", "", "", "", "closes"]),
        ([1, 1, *[0.45, 0.55] * 4], ["", "opens", *[""] * 8]),
        ([1, 1, 0, 0, 0, 1, 1], ["", "opens", "", "", "closes", "", "opens"]),
    ],
)
def test_only_looks_in_a_row_decide(shares: list[float | None], said: list[str]) -> None:
    assert changes(shares) == said


def test_looks_with_a_long_pause_between_them_are_not_in_a_row() -> None:
    first = follow(Streak(), is_open=False, speaks=True, at=NOW)
    after_a_tick = follow(first, is_open=False, speaks=True, at=NOW + TICK)
    late = follow(first, is_open=False, speaks=True, at=NOW + LONGEST_PAUSE + TICK)

    assert after_a_tick.is_decided
    assert (late.looks, late.is_decided) == (1, False)


def test_what_spoke_for_the_end_does_not_speak_for_another_incident() -> None:
    """Somebody closed it by hand, after two good looks."""
    fine = Streak(looks=2, is_towards_end=True, judged_at=NOW)

    assert not follow(fine, is_open=False, speaks=True, at=NOW + TICK).is_decided
    assert follow(fine, is_open=False, speaks=None, at=NOW + TICK).looks == 0


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60),
    st.booleans(),
)
def test_no_change_comes_sooner_than_its_looks(shares: list[float | None], is_open: bool) -> None:
    said = changes(shares, is_open=is_open)

    seen: list[float] = []
    for share, change in zip(shares, said, strict=True):
        if share is not None:
            seen.append(share)
        if change == "opens":
            assert len(seen) >= 2
            assert min(seen[-2:]) >= 0.5
        elif change == "closes":
            assert len(seen) >= 3
            assert max(seen[-3:]) <= 0.1
        if change:
            # What decided it decides nothing else.
            seen = []
