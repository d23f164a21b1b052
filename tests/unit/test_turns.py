"""Two messages about one thing, both unsent: which goes first, and when they go as one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from alerts import turns
from alerts.turns import OLD, Pair, Turns

NOW = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ALARM, CLEAR, LATER_CLEAR = UUID(int=1), UUID(int=2), UUID(int=3)


def pair(**fields: Any) -> Pair:
    usual: dict[str, Any] = {
        "earlier_id": ALARM,
        "later_id": CLEAR,
        "earlier_at": NOW - 10 * MINUTE,
        "earlier_due_at": NOW + 20 * MINUTE,
        "later_created_at": NOW - MINUTE,
    }
    return Pair(**usual | fields)


def decide(*pairs: Pair, taken: set[UUID]) -> Turns:
    return turns.decide(pairs, taken=taken, now=NOW)


def test_an_alarm_goes_before_its_all_clear() -> None:
    assert decide(pair(), taken={ALARM}) == Turns({}, {}, set())


@pytest.mark.parametrize(
    ("fields", "taken", "until", "sooner"),
    [
        ({}, {CLEAR}, NOW, {ALARM}),
        ({}, {ALARM, CLEAR}, NOW, set()),
        ({"earlier_due_at": NOW - MINUTE}, {CLEAR}, NOW, set()),
        ({"has_later_waited": True}, {CLEAR}, NOW + 20 * MINUTE, set()),
        (
            {"has_later_waited": True, "earlier_due_at": NOW + timedelta(hours=5)},
            {CLEAR},
            NOW + 50 * MINUTE,
            set(),
        ),
        (
            {
                "has_later_waited": True,
                "is_later_tried": True,
                "earlier_due_at": NOW + timedelta(hours=5),
            },
            {CLEAR},
            NOW + timedelta(hours=5),
            set(),
        ),
    ],
    ids=[
        "there is more to tell, so the alarm is tried at once",
        "the alarm goes in this batch",
        "the alarm is due",
        "the alarm was tried for it and waits for its retry",
        "but not for longer than until the alarm is old",
        "unless it was tried before: nothing joins that",
    ],
)
def test_an_all_clear_waits_for_its_young_alarm(
    fields: dict[str, Any], taken: set[UUID], until: datetime, sooner: set[UUID]
) -> None:
    assert decide(pair(**fields), taken=taken) == Turns({}, {CLEAR: until}, sooner)


@pytest.mark.parametrize("taken", [{ALARM}, {CLEAR}, {ALARM, CLEAR}])
def test_an_old_alarm_joins_its_all_clear(taken: set[UUID]) -> None:
    assert decide(pair(earlier_at=NOW - OLD), taken=taken) == Turns({ALARM: CLEAR}, {}, set())


def test_an_alarm_becomes_old_after_an_hour() -> None:
    young = pair(earlier_at=NOW - OLD + timedelta(seconds=1))

    assert decide(young, taken={ALARM}).joins == {}


def test_nothing_joins_what_the_recipient_may_know() -> None:
    tried = pair(earlier_at=NOW - OLD, is_later_tried=True)

    assert decide(tried, taken={ALARM, CLEAR}) == Turns({}, {CLEAR: NOW}, set())


def test_an_alarm_with_two_all_clears_joins_the_first_and_the_other_waits() -> None:
    first = pair(earlier_at=NOW - OLD)
    second = pair(later_id=LATER_CLEAR, later_created_at=NOW)

    found = decide(second, first, taken={LATER_CLEAR})

    assert found == Turns({ALARM: CLEAR}, {LATER_CLEAR: NOW}, set())


def test_an_all_clear_of_two_alarms_waits_for_the_later_one() -> None:
    waited = {"has_later_waited": True}
    sooner, later = (
        pair(earlier_id=UUID(int=number), earlier_due_at=NOW + number * MINUTE, **waited)
        for number in (11, 12)
    )

    found = decide(later, sooner, taken={CLEAR})

    assert found.waits == {CLEAR: NOW + 12 * MINUTE}


def test_what_joins_a_message_that_joins_another_goes_where_that_goes() -> None:
    opening = pair(earlier_at=NOW - OLD)
    escalation = pair(earlier_id=CLEAR, later_id=LATER_CLEAR, earlier_at=NOW - OLD)

    found = decide(opening, escalation, taken={ALARM, CLEAR, LATER_CLEAR})

    assert found == Turns({ALARM: LATER_CLEAR, CLEAR: LATER_CLEAR}, {}, set())
