"""Whose outage it is when many fail at once, and when it is over: decided from plain values.

The population is the sensor: every integration counts once, with its latest result.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple, Self

from integrations_health.outcomes import TRANSIENT, Cause, Outcome

# The shortest that holds enough is looked at: a long one is full of what was before.
WINDOWS = (timedelta(seconds=60), timedelta(minutes=2), timedelta(minutes=5))
FAILING_SHARE = 0.5
FINE_SHARE = 0.1
LEAST_VOTES, MOST_VOTES = 5, 20
# Of these many together it is said that they fail, or work: one alone is somebody's own trouble.
A_FEW = 3
PROBING_SHARE = 0.05
LEAST_PROBING = 10
# No answer for so long, and every call broken: that may as well be our own network.
SILENCE = timedelta(seconds=30)

FAILING = TRANSIENT
REFUSED = frozenset({Outcome.SERVICE_ERROR})
UNANSWERED = frozenset({Outcome.TIMEOUT, Outcome.UNREACHABLE})


class Scope(NamedTuple):
    """What fails: a provider, a service, or one through the other; blank is any."""

    provider: str
    service: str

    def covers(self, provider: str, service: str) -> bool:
        """Say whether it concerns a service through a provider, or another scope in its own."""
        return self.provider in {provider, ""} and self.service in {service, ""}


class Tally(NamedTuple):
    """How many integrations voted within a window, and how many of these votes were bad.

    `failing` blame the provider, `refused` the service behind it.
    """

    votes: int = 0
    failing: int = 0
    refused: int = 0

    @property
    def bad(self) -> int:
        """How many blame anybody but the account's owner."""
        return self.failing + self.refused

    def and_also(self, other: Self) -> "Tally":
        """Return both together."""
        return Tally(*(mine + its for mine, its in zip(self, other, strict=True)))


class Cell(NamedTuple):
    """A service through a provider: how many are watched, and their votes in each of WINDOWS.

    `answered_at` and `unanswered_at` are when the newest check began that brought any answer, and
    the newest that brought none; None where there was none lately.
    """

    provider: str
    service: str
    population: int
    tallies: tuple[Tally, ...]
    answered_at: datetime | None = None
    unanswered_at: datetime | None = None


def least_votes(population: int) -> int:
    """Return how many must have voted before anything is said of so many."""
    return max(LEAST_VOTES, min(MOST_VOTES, ceil(population / 2)))


def probing(population: int) -> int:
    """Return how many of so many go on being checked while an incident is open."""
    return min(population, max(LEAST_PROBING, ceil(population * PROBING_SHARE)))


def judge(cells: Sequence[Cell]) -> dict[Scope, bool]:
    """Return for each scope with votes enough whether it fails. Each failure is blamed once.

    A service that fails through several providers, or says so itself, is not held against them; a
    provider of which one service fails while the others work fails in that one alone.
    """
    verdicts: dict[Scope, bool] = {}
    for service in {cell.service for cell in cells}:
        found = _judge_service(service, cells)
        if found is not None:
            verdicts[Scope("", service)] = found
    for provider in {cell.provider for cell in cells}:
        own = [cell for cell in cells if cell.provider == provider]
        verdicts |= _judge_provider(
            provider, [cell for cell in own if not verdicts.get(Scope("", cell.service))]
        )
    return verdicts


def is_over(scope: Scope, cells: Sequence[Cell]) -> bool | None:
    """Say whether what failed works again, by those that went on being checked; None: unknown."""
    own = _within(scope, cells)
    window = _window(own, least=least_votes(probing(sum(cell.population for cell in own))))
    if window is None:
        return None
    tally = _tally(own, window)
    return _blamed(scope, tally) <= FINE_SHARE * tally.votes


def has_ended(scope: Scope, cells: Sequence[Cell]) -> bool | None:
    """Say the same of an open incident, of which fewer may be left by now than could begin one."""
    own = _within(scope, cells)
    population = sum(cell.population for cell in own)
    if population >= LEAST_VOTES:
        return is_over(scope, cells)
    tally = _tally(own, len(WINDOWS) - 1)
    if population and not tally.votes:
        return None
    return not _blamed(scope, tally)


def needs_more(scope: Scope, cells: Sequence[Cell]) -> bool:
    """Say whether a few fail and none works, but too few were looked at to say more."""
    own = _within(scope, cells)
    tally = _tally(own, 0)
    bad = tally.failing if not scope.service else tally.refused
    is_small = tally.votes < least_votes(sum(cell.population for cell in own))
    return is_small and bad >= A_FEW and bad == tally.votes


def is_silent(cells: Collection[Cell]) -> bool:
    """Say whether calls break and nobody answers any more: our own network is suspected first."""
    broken = max((cell.unanswered_at for cell in cells if cell.unanswered_at), default=None)
    answered = max((cell.answered_at for cell in cells if cell.answered_at), default=None)
    if broken is None:
        return False
    return answered is None or answered < broken - SILENCE


def cause(scope: Scope, cells: Sequence[Cell]) -> Cause:
    """Return who is to blame for what fails in a scope."""
    if not scope.service:
        return Cause.PROVIDER
    tally = _tally(_within(scope, cells), len(WINDOWS) - 1)
    is_service = not scope.provider or 2 * tally.refused >= tally.bad
    return Cause.SERVICE if is_service else Cause.PROVIDER


def _judge_service(service: str, cells: Sequence[Cell]) -> bool | None:
    own = [cell for cell in cells if cell.service == service]
    window = _window(own)
    if window is None:
        return None
    tally = _tally(own, window)
    if not _is_share(tally.bad, tally.votes):
        return False
    known = [cell for cell in own if cell.tallies[window].votes >= A_FEW]
    if any(not _is_failing(cell, window) for cell in known):
        # It works through another provider.
        return False
    blaming = [cell for cell in known if not _is_failing_elsewhere(cell, cells, window)]
    return 2 * tally.refused >= tally.bad or len(blaming) > 1


def _judge_provider(provider: str, own: Sequence[Cell]) -> Iterator[tuple[Scope, bool]]:
    narrow = False
    for cell in own:
        found = _judge_cell(cell, [other for other in own if other is not cell])
        if found is not None:
            narrow = narrow or found
            yield Scope(provider, cell.service), found
    window = _window(own)
    if window is not None:
        tally = _tally(own, window)
        yield Scope(provider, ""), not narrow and _is_share(tally.failing, tally.votes)


def _judge_cell(cell: Cell, others: Sequence[Cell]) -> bool | None:
    window = _window([cell])
    if window is None:
        return None
    rest = _tally(others, window)
    is_alone = rest.votes >= A_FEW and rest.bad <= FINE_SHARE * rest.votes
    return is_alone and _is_failing(cell, window)


def _blamed(scope: Scope, tally: Tally) -> int:
    # The service behind a provider is not the provider's.
    return tally.bad if scope.service else tally.failing


def _is_failing(cell: Cell, window: int) -> bool:
    return _is_share(cell.tallies[window].bad, cell.tallies[window].votes)


def _is_failing_elsewhere(cell: Cell, cells: Sequence[Cell], window: int) -> bool:
    rest = _tally([one for one in cells if one.provider == cell.provider and one != cell], window)
    return rest.votes >= A_FEW and _is_share(rest.bad, rest.votes)


def _is_share(bad: int, votes: int) -> bool:
    return bad >= FAILING_SHARE * votes


def _within(scope: Scope, cells: Sequence[Cell]) -> list[Cell]:
    return [cell for cell in cells if scope.covers(cell.provider, cell.service)]


def _window(cells: Sequence[Cell], *, least: int | None = None) -> int | None:
    """Return the shortest window with votes enough, None when none has."""
    needed = least_votes(sum(cell.population for cell in cells)) if least is None else least
    held = (window for window in range(len(WINDOWS)) if _tally(cells, window).votes >= needed)
    return next(held, None)


def _tally(cells: Sequence[Cell], window: int) -> Tally:
    total = Tally()
    for cell in cells:
        total = total.and_also(cell.tallies[window])
    return total
