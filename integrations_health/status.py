"""The one rule of how an integration's status changes."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

LADDER_TOP = timedelta(hours=1)
SECOND_OPINION_AFTER = timedelta(seconds=60)
FAILURES_UNTIL_UNHEALTHY = 3
JITTER = 0.05


class Status(StrEnum):
    """What we tell people about an integration."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Vote(StrEnum):
    """What one check says about the status it saw."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"  # degraded; unhealthy from the third in a row
    SUSPECT = "suspect"  # degraded; unhealthy when a second look, 60 s later, agrees
    UNHEALTHY = "unhealthy"  # at once
    ABSTAINS = "abstains"  # says nothing about the integration; no counter moves


# A value that every check makes is a named tuple: a frozen dataclass costs two to four times more.
class HealthState(NamedTuple):
    """All that the next vote needs to know of the votes before it."""

    status: Status = Status.UNKNOWN
    consecutive_failures: int = 0
    ok_streak: int = 0
    failing_streak: int = 0
    suspected_at: datetime | None = None


class Change(NamedTuple):
    """The state after a vote, and when to look again."""

    state: HealthState
    delay: timedelta


def advance(
    state: HealthState,
    vote: Vote,
    *,
    at: datetime,
    interval: timedelta,
    jitter: float = 0.0,
    wait: timedelta | None = None,
) -> Change:
    """Apply one vote, given at the instant `at`, to `state`.

    `jitter` is a number from -1 to 1 that moves the next look by up to 5 %. `wait`, when given,
    replaces the ladder (a provider's Retry-After, say) and is never shortened by the jitter. A
    suspicion that waits for its second look brings its own wait, 60 s after the first.
    """
    new = _count(state, vote, at=at)
    if vote is Vote.SUSPECT and not is_confirmed(new, at=at):
        assert new.suspected_at is not None
        return Change(state=new, delay=new.suspected_at + SECOND_OPINION_AFTER - at)
    if wait is not None:
        return Change(state=new, delay=min(wait * (1 + JITTER * abs(jitter)), LADDER_TOP))
    # A timedelta times a float would be worked out as a fraction, at twice the price.
    seconds = ladder(new, interval=interval).total_seconds() * (1 + JITTER * jitter)
    return Change(state=new, delay=min(timedelta(seconds=seconds), LADDER_TOP))


def is_confirmed(state: HealthState, *, at: datetime) -> bool:
    """Say whether a suspicion has been seen twice, a minute apart."""
    return state.suspected_at is not None and at - state.suspected_at >= SECOND_OPINION_AFTER


def ladder(state: HealthState, *, interval: timedelta) -> timedelta:
    """Return `interval` when healthy, else `interval * 2^consecutive_failures`, an hour at most."""
    if state.status is Status.HEALTHY:
        return min(interval, LADDER_TOP)
    # 2^16 intervals of a second pass an hour; the cut keeps the power small.
    doublings: int = 2 ** min(state.consecutive_failures, 16)
    return min(interval * doublings, LADDER_TOP)


def _count(state: HealthState, vote: Vote, *, at: datetime) -> HealthState:
    if vote is Vote.ABSTAINS:
        return state
    if vote is Vote.HEALTHY:
        return HealthState(Status.HEALTHY, 0, state.ok_streak + 1)
    bad = state._replace(
        status=Status.DEGRADED,
        consecutive_failures=state.consecutive_failures + 1,
        ok_streak=0,
    )
    match vote:
        case Vote.DEGRADED:
            # The service answered: neither an outage nor a dead grant goes on.
            return bad._replace(failing_streak=0, suspected_at=None)
        case Vote.FAILING:
            # Nothing was heard of the grant, so a suspicion against it stands.
            failing = state.failing_streak + 1
            return bad._replace(
                failing_streak=failing,
                status=_worse_of(state, failing >= FAILURES_UNTIL_UNHEALTHY),
            )
        case Vote.SUSPECT:
            suspect = bad._replace(failing_streak=0, suspected_at=state.suspected_at or at)
            return suspect._replace(status=_worse_of(state, is_confirmed(suspect, at=at)))
        case _:
            return bad._replace(failing_streak=0, status=Status.UNHEALTHY)


def _worse_of(state: HealthState, is_decided: bool) -> Status:
    # What was proven stays proven until something better is seen: a dead grant that now times out
    # is still a dead grant, and the third failure of an outage is not undone by a suspicion.
    already = state.status is Status.UNHEALTHY
    return Status.UNHEALTHY if is_decided or already else Status.DEGRADED
