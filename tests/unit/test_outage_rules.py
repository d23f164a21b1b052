"""Whose outage it is when many fail at once, and when it is over."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import outage_rules
from integrations_health.outage_rules import WINDOWS, Cell, Scope, Tally
from integrations_health.outcomes import Cause
from tests.conftest import NOW

SECOND = timedelta(seconds=1)
COMPOSIO, KLAVIS = Scope("composio", ""), Scope("klavis", "")
GMAIL = Scope("", "gmail")


def cell(provider: str, service: str, votes: int, failing: int = 0, refused: int = 0) -> Cell:
    """Return a service of which all voted within the shortest window."""
    tallies = (Tally(votes, failing, refused),) * len(WINDOWS)
    return Cell(provider, service, votes, tallies)


def failing(*cells: Cell) -> set[Scope]:
    """Return what fails."""
    return {scope for scope, is_failing in outage_rules.judge(cells).items() if is_failing}


@pytest.mark.parametrize(
    ("population", "least"),
    [(0, 5), (5, 5), (10, 5), (11, 6), (30, 15), (40, 20), (100_000, 20)],
)
def test_half_must_have_voted_but_five_at_least_and_twenty_at_most(
    population: int, least: int
) -> None:
    assert outage_rules.least_votes(population) == least


@pytest.mark.parametrize(
    ("population", "probing"), [(0, 0), (6, 6), (10, 10), (150, 10), (400, 20), (100_000, 5_000)]
)
def test_a_twentieth_goes_on_but_ten_at_least(population: int, probing: int) -> None:
    assert outage_rules.probing(population) == probing


@pytest.mark.parametrize(
    ("votes", "bad", "is_failing"),
    [(20, 10, True), (20, 9, False), (20, 20, True), (5, 5, True), (5, 2, False)],
)
def test_half_of_the_votes_make_an_outage(votes: int, bad: int, is_failing: bool) -> None:
    assert failing(cell("composio", "gmail", votes, bad)) == ({COMPOSIO} if is_failing else set())


def test_too_few_say_nothing() -> None:
    assert outage_rules.judge([cell("composio", "gmail", 4, 4)]) == {}


def test_the_shortest_window_that_holds_enough_decides() -> None:
    # All fail since a minute ago; before, all was well.
    lately = Cell("composio", "gmail", 100, (Tally(20, 20), Tally(60, 20), Tally(100, 20)))
    too_few = Cell("composio", "gmail", 100, (Tally(19, 19), Tally(60, 19), Tally(100, 19)))

    assert failing(lately) == {COMPOSIO}
    assert failing(too_few) == set()


@pytest.mark.parametrize(
    ("cells", "blamed"),
    [
        # A provider is down, another is not.
        ([("composio", "gmail", 20, 20), ("klavis", "gmail", 20)], {COMPOSIO}),
        (
            [
                ("composio", "gmail", 20, 20),
                ("composio", "slack", 20, 18),
                ("klavis", "gmail", 20),
            ],
            {COMPOSIO},
        ),
        # Both are down, with everything.
        (
            [
                ("composio", "gmail", 20, 20),
                ("composio", "slack", 20, 20),
                ("klavis", "gmail", 20, 20),
                ("klavis", "slack", 20, 20),
            ],
            {COMPOSIO, KLAVIS},
        ),
        # Both fail, in one service only.
        (
            [
                ("composio", "gmail", 20, 20),
                ("composio", "slack", 10),
                ("klavis", "gmail", 20, 20),
                ("klavis", "slack", 10),
            ],
            {GMAIL},
        ),
        ([("composio", "gmail", 20, 20), ("klavis", "gmail", 20, 20)], {GMAIL}),
        # The provider says that it is the service.
        ([("composio", "gmail", 20, 0, 20), ("composio", "slack", 20)], {GMAIL}),
        ([("composio", "gmail", 20, 5, 15), ("klavis", "gmail", 20, 0, 20)], {GMAIL}),
        # It says so, but the service works through the other.
        (
            [
                ("composio", "gmail", 30, 0, 30),
                ("composio", "slack", 30),
                ("klavis", "gmail", 10),
            ],
            {Scope("composio", "gmail")},
        ),
        # One service of one provider hangs, the others work.
        ([("composio", "gmail", 30, 30), ("composio", "slack", 10)], {Scope("composio", "gmail")}),
        # The rest is not well either: it is the provider.
        ([("composio", "gmail", 30, 30), ("composio", "slack", 10, 4)], {COMPOSIO}),
        # A service fails everywhere, and one of its providers with all the rest, too.
        (
            [
                ("composio", "gmail", 20, 0, 20),
                ("composio", "slack", 20, 20),
                ("klavis", "gmail", 20, 0, 20),
                ("klavis", "slack", 20),
            ],
            {GMAIL, COMPOSIO},
        ),
    ],
)
def test_each_failure_is_blamed_once(cells: list[tuple[Any, ...]], blamed: set[Scope]) -> None:
    assert failing(*(cell(*of) for of in cells)) == blamed


@pytest.mark.parametrize(
    ("votes", "bad", "is_over"),
    [(20, 2, True), (20, 3, False), (10, 1, True), (10, 0, True), (5, 1, False), (4, 0, None)],
)
def test_a_tenth_may_still_fail_when_it_is_over(votes: int, bad: int, is_over: bool | None) -> None:
    assert outage_rules.is_over(COMPOSIO, [cell("composio", "gmail", votes, bad)]) is is_over


def test_those_that_go_on_are_enough_to_say_that_it_is_over() -> None:
    of_many = Cell("composio", "gmail", 1_000, (Tally(), Tally(), Tally(25)))

    assert outage_rules.is_over(COMPOSIO, [of_many]) is True


def test_a_service_behind_it_does_not_keep_an_incident_of_a_provider_open() -> None:
    cells = [cell("composio", "gmail", 20, 0, 20), cell("composio", "slack", 20)]

    assert outage_rules.is_over(COMPOSIO, cells) is True
    assert outage_rules.is_over(GMAIL, cells) is False


@pytest.mark.parametrize(
    ("votes", "bad", "is_needed"), [(3, 3, True), (2, 2, False), (4, 3, False), (20, 20, False)]
)
def test_three_that_fail_while_none_works_ask_for_more(
    votes: int, bad: int, is_needed: bool
) -> None:
    tally = Tally(votes, bad)
    of_many = Cell("composio", "gmail", 100, (tally, tally, tally))

    assert outage_rules.needs_more(COMPOSIO, [of_many]) is is_needed


@pytest.mark.parametrize(
    ("answered", "unanswered", "is_silent"),
    [
        (None, None, False),
        (0, None, False),
        (None, 0, True),
        (40, 0, True),
        (20, 0, False),
        (0, 40, False),
    ],
)
def test_an_answer_from_anybody_proves_that_our_network_works(
    answered: int | None, unanswered: int | None, is_silent: bool
) -> None:
    """Each by how many seconds ago the newest was."""

    def ago(seconds: int | None) -> Any:
        return None if seconds is None else NOW - seconds * SECOND

    cells = [
        cell("composio", "gmail", 20)._replace(unanswered_at=ago(unanswered)),
        cell("klavis", "gmail", 20)._replace(answered_at=ago(answered)),
    ]

    assert outage_rules.is_silent(cells) is is_silent


@pytest.mark.parametrize(
    ("scope", "failed", "refused", "cause"),
    [
        (COMPOSIO, 20, 0, Cause.PROVIDER),
        (GMAIL, 20, 0, Cause.SERVICE),
        (Scope("composio", "gmail"), 20, 0, Cause.PROVIDER),
        (Scope("composio", "gmail"), 5, 15, Cause.SERVICE),
    ],
)
def test_who_is_to_blame(scope: Scope, failed: int, refused: int, cause: Cause) -> None:
    assert outage_rules.cause(scope, [cell("composio", "gmail", 20, failed, refused)]) is cause


COUNTS = st.tuples(*[st.integers(0, 60)] * 3)


@st.composite
def cells(draw: st.DrawFn) -> list[Cell]:
    """Make any votes of two providers and three services."""
    made = []
    for provider in ("composio", "klavis"):
        for service in draw(st.sets(st.sampled_from(["gmail", "slack", "calendar"]))):
            total, tallies = Tally(), []
            for _ in WINDOWS:
                total = total.and_also(Tally(sum(found := draw(COUNTS)), found[0], found[1]))
                tallies.append(total)
            population = total.votes + draw(st.integers(0, 200))
            made.append(Cell(provider, service, population, tuple(tallies)))
    return made


@given(cells())
def test_nothing_fails_and_is_over_at_once(cells: list[Cell]) -> None:
    # For its end fewer votes are enough, maybe a shorter window's: here all windows hold the same.
    same = [one._replace(tallies=(one.tallies[-1],) * len(WINDOWS)) for one in cells]

    assert not any(outage_rules.is_over(scope, same) for scope in failing(*same))


@given(cells())
def test_where_nobody_fails_nothing_does(cells: list[Cell]) -> None:
    well = [one._replace(tallies=tuple(Tally(t.votes) for t in one.tallies)) for one in cells]

    assert failing(*well) == set()


@given(cells())
def test_what_is_blamed_on_a_service_everywhere_is_not_blamed_on_it_through_a_provider(
    cells: list[Cell],
) -> None:
    found = failing(*cells)

    for scope in found:
        if scope.provider and scope.service:
            assert Scope("", scope.service) not in found
            assert Scope(scope.provider, "") not in found
