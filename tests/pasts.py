"""Pasts of integrations, for the engine to live through and for a rule to be shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from alerts.models import Cooldown, Notification
from integrations_health import rollups
from integrations_health.models import Integration, RolledUpDay
from integrations_health.outcomes import Outcome
from tests.alarms import MINUTE, check, look_again
from tests.conftest import NOW

START = NOW - timedelta(days=20)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Step(NamedTuple):
    """A check of both integrations, or of one, and how long after the last."""

    after: timedelta
    outcome: Outcome
    took: int | None
    which: int


outcomes = st.sampled_from(
    [
        Outcome.OK,
        Outcome.OK,
        Outcome.OK,
        Outcome.SLOW,
        Outcome.SERVER_ERROR,
        Outcome.SERVER_ERROR,
        Outcome.TIMEOUT,
        Outcome.AUTH_EXPIRED,
        Outcome.PERMISSION,
        Outcome.KEY_REJECTED,
    ]
)
steps = st.builds(
    Step,
    st.sampled_from([MINUTE, MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, 30 * HOUR]),
    outcomes,
    st.sampled_from([None, 90, 900, 6_000]),
    st.integers(0, 1),
).map(
    # A judgement never calls it good.
    lambda step: (
        step._replace(outcome=Outcome.SLOW)
        if (step.took, step.outcome) == (6_000, Outcome.OK)
        else step
    )
)
rules = st.fixed_dictionaries(
    {
        "cooldown_minutes": st.sampled_from([0, 10, 60, 1440]),
        "severity": st.sampled_from(["critical", "warning"]),
    }
).flatmap(
    lambda common: st.one_of(
        st.fixed_dictionaries(
            {"condition": st.just("consecutive_failures"), "threshold": st.integers(1, 4)}
        ),
        st.fixed_dictionaries(
            {"condition": st.just("response_time"), "threshold": st.sampled_from([100, 5_000])}
        ),
        st.fixed_dictionaries(
            {
                "condition": st.just("error_rate"),
                "threshold": st.sampled_from([20, 50, 100]),
                "window_minutes": st.sampled_from([10, 60, 1440]),
                "minimum_checks": st.integers(1, 4),
            }
        ),
    ).map(lambda condition: common | condition)
)


def live(watched: Sequence[Integration], past: Sequence[Step]) -> datetime:
    """Let it all happen to the engine, with every tick that matters; return when it ended."""
    at = START
    for step in past:
        at += step.after
        _tick(until=at)
        one = watched[step.which % len(watched)]
        check(one, outcome=step.outcome, at=at, took=step.took)
    _tick(until=at)
    return at


def _tick(*, until: datetime) -> None:
    """Look at what was held back at every end of a cooldown, and send what is to be sent."""
    done: set[datetime] = set()
    while True:
        ends = Cooldown.objects.filter(until__lte=until).exclude(until__in=done)
        at = ends.order_by("until").values_list("until", flat=True).first()
        if at is None:
            break
        done.add(at)
        _send(at)
        look_again(at=at)
    _send(until)


def _send(at: datetime) -> None:
    Notification.objects.filter(is_collecting=True, collects_until__lte=at).update(
        is_collecting=False, state="sent", sent_at=at
    )


def roll_up(*, until: datetime) -> None:
    """Roll up every day that is over."""
    day = START.date()
    while day < until.date():
        rollups.roll_up(day)
        RolledUpDay.objects.update_or_create(day=day, defaults={"is_final": True})
        day += DAY
