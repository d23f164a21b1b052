"""What the calendar asks of the months of a table."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.partition_plan import Action, State, Step, later, month_of, plan

JANUARY, FEBRUARY, MARCH, APRIL = (date(2027, month, 1) for month in (1, 2, 3, 4))
ATTACHED = State.ATTACHED

days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1))
tables = st.dictionaries(days.map(month_of), st.sampled_from(State))


def months(steps: list[Step], action: Action) -> list[date]:
    return [step.month for step in steps if step.action is action]


def test_an_empty_table_gets_the_running_month_and_three_more() -> None:
    steps = plan({}, today=date(2027, 1, 31), keep_months=13)

    assert steps == [Step(Action.MAKE, month) for month in (JANUARY, FEBRUARY, MARCH, APRIL)]


def test_a_table_in_step_needs_nothing() -> None:
    existing = dict.fromkeys((JANUARY, FEBRUARY, MARCH, APRIL), ATTACHED)

    assert plan(existing, today=date(2027, 1, 1), keep_months=13) == []


def test_a_hole_in_the_coming_months_is_filled() -> None:
    existing = dict.fromkeys((JANUARY, FEBRUARY, APRIL), ATTACHED)

    assert plan(existing, today=JANUARY, keep_months=1) == [Step(Action.MAKE, MARCH)]


@pytest.mark.parametrize(
    ("today", "dropped"),
    [
        (date(2027, 2, 28), []),
        (date(2027, 3, 1), [JANUARY]),
        (date(2027, 3, 31), [JANUARY]),
        (date(2027, 4, 1), [JANUARY, FEBRUARY]),
    ],
)
def test_one_full_month_is_kept_besides_the_running_one(today: date, dropped: list[date]) -> None:
    existing = dict.fromkeys((later(JANUARY, number) for number in range(8)), ATTACHED)

    steps = plan(existing, today=today, keep_months=1)

    assert months(steps, Action.DROP) == dropped


def test_what_is_missing_comes_before_what_is_old() -> None:
    existing = {date(2020, 1, 1): ATTACHED}

    steps = plan(existing, today=JANUARY, keep_months=13)

    assert [step.action for step in steps] == [Action.MAKE] * 4 + [Action.DROP]


@pytest.mark.parametrize("state", [State.HALF_DETACHED, State.LEAVING])
def test_a_drop_that_was_cut_short_is_resumed(state: State) -> None:
    existing = {date(2020, 1, 1): state}

    steps = plan(existing, today=JANUARY, keep_months=13)

    assert months(steps, Action.DROP) == [date(2020, 1, 1)]


@pytest.mark.parametrize("state", [State.HALF_DETACHED, State.LEAVING])
def test_a_month_that_is_to_be_kept_after_all_comes_back(state: State) -> None:
    existing = {date(2026, 12, 1): state}

    steps = plan(existing, today=JANUARY, keep_months=13)

    assert date(2026, 12, 1) in months(steps, Action.MAKE)


def test_a_month_that_somebody_detached_to_keep_is_left_alone() -> None:
    existing = {date(2020, 1, 1): State.DETACHED, date(2026, 12, 1): State.DETACHED}

    steps = plan(existing, today=JANUARY, keep_months=13)

    assert not {step.month for step in steps} & existing.keys()


@given(tables, days, st.integers(0, 6), st.integers(1, 24))
def test_no_plan_drops_a_month_within_the_kept_time(
    existing: dict[date, State], today: date, months_ahead: int, keep_months: int
) -> None:
    steps = plan(existing, today=today, months_ahead=months_ahead, keep_months=keep_months)

    oldest = later(month_of(today), -keep_months)
    assert all(month < oldest for month in months(steps, Action.DROP))
    assert not set(months(steps, Action.MAKE)) & set(months(steps, Action.DROP))


@given(tables, days, st.integers(0, 6), st.integers(1, 24))
def test_after_a_plan_was_done_nothing_is_left_to_do(
    existing: dict[date, State], today: date, months_ahead: int, keep_months: int
) -> None:
    done = dict(existing)

    for step in plan(existing, today=today, months_ahead=months_ahead, keep_months=keep_months):
        if step.action is Action.MAKE:
            done[step.month] = ATTACHED
        else:
            del done[step.month]

    assert plan(done, today=today, months_ahead=months_ahead, keep_months=keep_months) == []


@given(days, st.integers(-500, 500))
def test_months_are_counted_across_years_and_back(day: date, distance: int) -> None:
    month = month_of(day)

    moved = later(month, distance)

    assert moved.day == 1
    assert (moved.year - month.year) * 12 + moved.month - month.month == distance
    assert later(moved, -distance) == month
