"""The one rule of how an integration's status changes."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

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


# A member by its class is looked up by a call, three times as long: most checks need these two.
_HEALTHY, _HEALTHY_VOTE = Status.HEALTHY, Vote.HEALTHY
_TOP_SECONDS = LADDER_TOP.total_seconds()


# What every check makes, and nobody sends in rows, is a struct: a named tuple takes four times as
# long to make, and a frozen dataclass longer still. None of them holds itself, so the garbage
# collector need not look (ADR 49).
class HealthState(Struct, frozen=True, gc=False):
    """All that the next vote needs to know of the votes before it."""

    status: Status = Status.UNKNOWN
    consecutive_failures: int = 0
    ok_streak: int = 0
    failing_streak: int = 0
    suspected_at: datetime | None = None


class Change(Struct, frozen=True, gc=False):
    """The state after a vote, and when to look again."""

    state: HealthState
    # Seconds: each check works one out, and a timedelta of a float takes as long as all the rest.
    delay_seconds: float

    @property
    def delay(self) -> timedelta:
        """When to look again, from this vote on."""
        return timedelta(seconds=self.delay_seconds)


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
    suspicion that waits for its second look brings its own wait, 60 s after the first; when that
    look heard nothing of the grant, there is one more, 60 s later, before the ladder goes on.
    """
    if vote is _HEALTHY_VOTE:
        new = HealthState(_HEALTHY, 0, state.ok_streak + 1)
    else:
        new = _count(state, vote, at=at)
        if vote is Vote.SUSPECT and not is_confirmed(new.suspected_at, at=at):
            assert new.suspected_at is not None
            return Change(new, (new.suspected_at + SECOND_OPINION_AFTER - at).total_seconds())
        if wait is None and vote is Vote.FAILING and _is_unheard(new):
            return Change(new, SECOND_OPINION_AFTER.total_seconds())
    if wait is None:
        seconds = ladder(new, interval=interval).total_seconds()
    else:
        seconds, jitter = wait.total_seconds(), abs(jitter)
    return Change(new, min(seconds * (1 + JITTER * jitter), _TOP_SECONDS))


def is_confirmed(suspected_at: datetime | None, *, at: datetime) -> bool:
    """Say whether a suspicion has been seen twice, a minute apart."""
    return suspected_at is not None and at - suspected_at >= SECOND_OPINION_AFTER


def _is_unheard(state: HealthState) -> bool:
    # Once: a provider that goes on failing is not asked every minute.
    is_open = state.suspected_at is not None and state.status is not Status.UNHEALTHY
    return is_open and state.failing_streak == 1


def ladder(state: HealthState, *, interval: timedelta) -> timedelta:
    """Return `interval` when healthy, else `interval * 2^consecutive_failures`, an hour at most."""
    if state.status is _HEALTHY:
        return interval if interval < LADDER_TOP else LADDER_TOP
    # 2^16 intervals of a second pass an hour; the cut keeps the power small.
    doublings: int = 2 ** min(state.consecutive_failures, 16)
    return min(interval * doublings, LADDER_TOP)


def _count(state: HealthState, vote: Vote, *, at: datetime) -> HealthState:
    if vote is Vote.ABSTAINS:
        return state
    bad = replace(
        state,
        status=Status.DEGRADED,
        consecutive_failures=state.consecutive_failures + 1,
        ok_streak=0,
    )
    match vote:
        case Vote.DEGRADED:
            # The service answered: neither an outage nor a dead grant goes on.
            return replace(bad, failing_streak=0, suspected_at=None)
        case Vote.FAILING:
            # Nothing was heard of the grant, so a suspicion against it stands.
            failing = state.failing_streak + 1
            return replace(
                bad,
                failing_streak=failing,
                status=_worse_of(state, failing >= FAILURES_UNTIL_UNHEALTHY),
            )
        case Vote.SUSPECT:
            suspect = replace(bad, failing_streak=0, suspected_at=state.suspected_at or at)
            is_decided = is_confirmed(suspect.suspected_at, at=at)
            return replace(suspect, status=_worse_of(state, is_decided))
        case _:
            return replace(bad, failing_streak=0, status=Status.UNHEALTHY)


def _worse_of(state: HealthState, is_decided: bool) -> Status:
    # What was proven stays proven until something better is seen: a dead grant that now times out
    # is still a dead grant, and the third failure of an outage is not undone by a suspicion.
    already = state.status is Status.UNHEALTHY
    return Status.UNHEALTHY if is_decided or already else Status.DEGRADED
