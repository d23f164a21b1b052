"""How restless an integration is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alerts import flapping
from alerts.flapping import Unrest

START = datetime(2031, 3, 14, tzinfo=UTC)
waits = st.timedeltas(timedelta(0), timedelta(hours=3))


def after_changes(every: timedelta, count: int) -> Unrest:
    unrest: Unrest | None = None
    for number in range(count):
        unrest = flapping.after_change(unrest, at=START + every * number)
    assert unrest is not None
    return unrest


def test_an_outage_and_its_end_are_no_flapping() -> None:
    assert not after_changes(timedelta(minutes=10), 3).is_flapping


def test_changes_every_five_minutes_are() -> None:
    assert [after_changes(timedelta(minutes=5), count).is_flapping for count in range(3, 7)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_change_an_hour_is_not_however_long_it_goes_on() -> None:
    assert not after_changes(timedelta(hours=1), 500).is_flapping


def test_flapping_ends_well_below_where_it_began() -> None:
    unrest = after_changes(timedelta(minutes=5), 6)
    last = unrest.counted_at

    assert flapping.settled(unrest, at=last + timedelta(minutes=20)).is_flapping
    assert not flapping.settled(unrest, at=last + timedelta(minutes=30)).is_flapping


def test_half_of_it_is_gone_after_a_quarter_of_an_hour() -> None:
    unrest = flapping.settled(Unrest(2000.0, START), at=START + timedelta(minutes=15))

    assert unrest.penalty == 1000.0


def test_a_result_that_comes_late_takes_nothing_back() -> None:
    unrest = Unrest(2000.0, START, is_flapping=True)

    assert flapping.settled(unrest, at=START - timedelta(hours=1)) == unrest


@given(st.lists(waits, max_size=30))
def test_the_penalty_is_never_below_nothing_and_never_grows_by_waiting(
    pauses: list[timedelta],
) -> None:
    at, unrest = START, flapping.after_change(None, at=START)
    for pause in pauses:
        at += pause
        rested = flapping.settled(unrest, at=at)
        assert 0 <= rested.penalty <= unrest.penalty
        unrest = flapping.after_change(rested, at=at)


@given(st.lists(waits, min_size=1, max_size=30), waits)
def test_to_look_in_between_changes_nothing(pauses: list[timedelta], look: timedelta) -> None:
    at, plain, looked = START, Unrest(0.0, START), Unrest(0.0, START)
    for pause in pauses:
        looked = flapping.settled(looked, at=at + min(look, pause))
        at += pause
        plain = flapping.after_change(plain, at=at)
        looked = flapping.after_change(looked, at=at)

    assert abs(plain.penalty - looked.penalty) < 1e-6
