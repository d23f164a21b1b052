"""What the calendar asks of the months of a partitioned table."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple

MONTHS_AHEAD = 3


class State(StrEnum):
    """How a month's table stands to the partitioned table."""

    ATTACHED = "attached"
    HALF_DETACHED = "half detached"
    LEAVING = "leaving"  # detached by us, not dropped yet
    DETACHED = "detached"  # by somebody else


class Action(StrEnum):
    """What can be done about a month."""

    MAKE = "make"
    DROP = "drop"


class Step(NamedTuple):
    """One thing to do about one month."""

    action: Action
    month: date


def plan(
    existing: Mapping[date, State],
    *,
    today: date,
    months_ahead: int = MONTHS_AHEAD,
    keep_months: int,
) -> list[Step]:
    """Return what brings `existing` in step with the calendar.

    The running month, the `months_ahead` after it and, of what there is, the `keep_months` before
    it stay. A month that somebody detached to keep is left alone. What is missing comes first.
    """
    this_month = month_of(today)
    coming = {later(this_month, months) for months in range(months_ahead + 1)}
    oldest = later(this_month, -keep_months)
    is_ours = {State.HALF_DETACHED, State.LEAVING}
    torn = {month for month, state in existing.items() if state in is_ours and month >= oldest}
    make = {month for month in coming | torn if existing.get(month) is not State.ATTACHED}
    drop = {
        month for month, state in existing.items() if month < oldest and state is not State.DETACHED
    }
    return [
        *(Step(Action.MAKE, month) for month in sorted(make)),
        *(Step(Action.DROP, month) for month in sorted(drop)),
    ]


def month_of(day: date) -> date:
    """Return the first day of the month of `day`."""
    return date(day.year, day.month, 1)


def later(month: date, months: int) -> date:
    """Return the month that lies `months` after `month`; before it when negative."""
    years, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(years, index + 1, 1)
