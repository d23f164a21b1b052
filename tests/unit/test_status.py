"""How votes become a status, and a status the next look."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.status import (
    LADDER_TOP,
    SECOND_OPINION_AFTER,
    Change,
    HealthState,
    Status,
    Vote,
    advance,
    ladder,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)

votes = st.sampled_from(Vote)
jitters = st.floats(min_value=-1, max_value=1)
intervals = st.integers(min_value=60, max_value=3600).map(lambda s: timedelta(seconds=s))


def after(*given_votes: Vote, apart: timedelta = FIVE_MINUTES) -> HealthState:
    changes = walk(list(given_votes), apart=apart)
    return changes[-1].state if changes else HealthState()


def walk(given_votes: list[Vote], *, apart: timedelta) -> list[Change]:
    changes: list[Change] = []
    state = HealthState()
    for number, vote in enumerate(given_votes):
        change = advance(state, vote, at=NOW + number * apart, interval=FIVE_MINUTES)
        changes.append(change)
        state = change.state
    return changes


@pytest.mark.parametrize(
    ("given_votes", "status", "failures"),
    [
        ([], Status.UNKNOWN, 0),
        ([Vote.HEALTHY], Status.HEALTHY, 0),
        ([Vote.ABSTAINS], Status.UNKNOWN, 0),
        ([Vote.DEGRADED], Status.DEGRADED, 1),
        ([Vote.FAILING], Status.DEGRADED, 1),
        ([Vote.FAILING] * 2, Status.DEGRADED, 2),
        ([Vote.FAILING] * 3, Status.UNHEALTHY, 3),
        ([Vote.FAILING, Vote.FAILING, Vote.ABSTAINS, Vote.FAILING], Status.UNHEALTHY, 3),
        ([Vote.FAILING, Vote.FAILING, Vote.HEALTHY, Vote.FAILING], Status.DEGRADED, 1),
        ([Vote.FAILING, Vote.FAILING, Vote.DEGRADED, Vote.FAILING], Status.DEGRADED, 4),
        ([Vote.DEGRADED] * 9, Status.DEGRADED, 9),
        ([Vote.UNHEALTHY], Status.UNHEALTHY, 1),
        ([Vote.UNHEALTHY, Vote.ABSTAINS], Status.UNHEALTHY, 1),
        ([Vote.UNHEALTHY, Vote.FAILING], Status.UNHEALTHY, 2),
        ([Vote.UNHEALTHY, Vote.DEGRADED], Status.DEGRADED, 2),
        ([Vote.UNHEALTHY, Vote.HEALTHY], Status.HEALTHY, 0),
        ([Vote.SUSPECT], Status.DEGRADED, 1),
        ([Vote.SUSPECT, Vote.SUSPECT], Status.UNHEALTHY, 2),
        ([Vote.SUSPECT, Vote.HEALTHY, Vote.SUSPECT], Status.DEGRADED, 1),
        ([Vote.SUSPECT, Vote.DEGRADED, Vote.SUSPECT], Status.DEGRADED, 3),
        ([Vote.SUSPECT, Vote.FAILING, Vote.SUSPECT], Status.UNHEALTHY, 3),
        ([Vote.SUSPECT, Vote.ABSTAINS, Vote.SUSPECT], Status.UNHEALTHY, 2),
    ],
)
def test_votes_lead_to_a_status(given_votes: list[Vote], status: Status, failures: int) -> None:
    state = after(*given_votes)

    assert (state.status, state.consecutive_failures) == (status, failures)


def test_a_second_sign_that_comes_too_soon_decides_nothing() -> None:
    first, second = walk([Vote.SUSPECT, Vote.SUSPECT], apart=timedelta(seconds=20))

    assert first.delay == SECOND_OPINION_AFTER
    assert second.state.status is Status.DEGRADED
    assert second.delay == timedelta(seconds=40)


def test_the_second_sign_a_minute_later_decides_and_returns_to_the_ladder() -> None:
    _, second = walk([Vote.SUSPECT, Vote.SUSPECT], apart=SECOND_OPINION_AFTER)

    assert second.state.status is Status.UNHEALTHY
    assert second.delay == timedelta(minutes=20)


def test_a_second_look_that_hears_nothing_of_the_grant_is_followed_by_one_more() -> None:
    *_, unheard, third = walk(
        [Vote.SUSPECT, Vote.FAILING, Vote.SUSPECT], apart=SECOND_OPINION_AFTER
    )

    assert unheard.delay == SECOND_OPINION_AFTER
    assert third.state.status is Status.UNHEALTHY
    assert third.delay == timedelta(minutes=40)


def test_who_goes_on_failing_under_a_suspicion_is_not_asked_every_minute() -> None:
    *_, again = walk([Vote.SUSPECT, Vote.FAILING, Vote.FAILING], apart=SECOND_OPINION_AFTER)

    assert again.delay == timedelta(minutes=40)


def test_a_dead_grant_that_times_out_is_asked_by_the_ladder() -> None:
    *_, failing = walk([Vote.SUSPECT, Vote.SUSPECT, Vote.FAILING], apart=SECOND_OPINION_AFTER)

    assert failing.delay == timedelta(minutes=40)


def test_a_failing_provider_that_says_when_to_come_back_is_heeded_under_a_suspicion() -> None:
    change = advance(
        after(Vote.SUSPECT),
        Vote.FAILING,
        at=NOW,
        interval=FIVE_MINUTES,
        wait=timedelta(seconds=90),
    )

    assert change.delay == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (5, 60), (10_000, 60)]
)
def test_the_ladder_doubles_up_to_an_hour(failures: int, minutes: int) -> None:
    state = HealthState(status=Status.DEGRADED, consecutive_failures=failures)

    assert ladder(state, interval=FIVE_MINUTES) == timedelta(minutes=minutes)


def test_a_healthy_integration_is_looked_at_every_interval() -> None:
    change = advance(HealthState(), Vote.HEALTHY, at=NOW, interval=FIVE_MINUTES)

    assert change.delay == FIVE_MINUTES


def test_an_abstention_changes_nothing_but_the_next_look() -> None:
    state = after(Vote.FAILING, Vote.FAILING)

    change = advance(
        state, Vote.ABSTAINS, at=NOW, interval=FIVE_MINUTES, wait=timedelta(seconds=90)
    )

    assert change == Change(state, 90)


@given(st.lists(votes, max_size=30), votes, jitters, intervals)
def test_the_next_look_is_never_later_than_an_hour(
    before: list[Vote], vote: Vote, jitter: float, interval: timedelta
) -> None:
    state = after(*before)

    change = advance(state, vote, at=NOW + timedelta(days=9), interval=interval, jitter=jitter)

    assert timedelta() < change.delay <= LADDER_TOP


@given(st.lists(votes, max_size=30))
def test_one_good_vote_clears_everything_bad(before: list[Vote]) -> None:
    state = after(*before, Vote.HEALTHY)

    assert state == HealthState(status=Status.HEALTHY, ok_streak=state.ok_streak)


@given(st.lists(votes, max_size=30))
def test_failures_in_a_row_are_the_bad_votes_since_the_last_good_one(
    given_votes: list[Vote],
) -> None:
    state = after(*given_votes)

    counted = 0
    for vote in given_votes:
        if vote is Vote.HEALTHY:
            counted = 0
        elif vote is not Vote.ABSTAINS:
            counted += 1
    assert state.consecutive_failures == counted


@given(st.lists(votes, max_size=20), st.integers(min_value=1, max_value=20))
def test_no_number_of_abstentions_changes_a_state(before: list[Vote], abstentions: int) -> None:
    state = after(*before, *[Vote.ABSTAINS] * abstentions)

    assert state == after(*before)


@given(st.lists(votes.filter(lambda v: v is not Vote.HEALTHY), min_size=2, max_size=30))
def test_the_ladder_never_goes_down_while_nothing_good_is_heard(given_votes: list[Vote]) -> None:
    states = [change.state for change in walk(given_votes, apart=FIVE_MINUTES)]

    delays = [ladder(state, interval=FIVE_MINUTES) for state in states]

    assert delays == sorted(delays)


@given(jitters)
def test_the_jitter_moves_the_next_look_by_at_most_a_twentieth(jitter: float) -> None:
    change = advance(HealthState(), Vote.HEALTHY, at=NOW, interval=FIVE_MINUTES, jitter=jitter)

    assert abs(change.delay - FIVE_MINUTES) <= FIVE_MINUTES * 0.0501


@given(jitters)
def test_the_jitter_never_shortens_what_the_provider_asked_for(jitter: float) -> None:
    asked = timedelta(minutes=7)

    change = advance(
        HealthState(), Vote.ABSTAINS, at=NOW, interval=FIVE_MINUTES, jitter=jitter, wait=asked
    )

    assert change.delay >= asked
