"""What a rule would have done is what the engine does, whatever was found and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerts import hindsight, sight, troubles
from alerts.models import Alert, AlertRule, Cooldown, Notification
from integrations_health import rollups
from integrations_health.models import DailyHealth, HealthHistory, Integration, RolledUpDay
from integrations_health.outcomes import Outcome
from integrations_health.windows import Span
from tests import factories
from tests.alarms import MINUTE, check, look_again
from tests.conftest import NOW
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

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


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules, past=st.lists(steps, min_size=8, max_size=25), is_rolled_up=st.booleans())
def test_the_past_is_played_as_the_engine_heard_it(
    settings: Any, rule: dict[str, Any], past: list[Step], is_rolled_up: bool
) -> None:
    settings.NOTIFICATIONS_PER_HOUR = 10_000
    for model in (Alert, Integration, AlertRule, RolledUpDay, DailyHealth, HealthHistory):
        model._default_manager.all().delete()
    made = factories.rule(**rule)
    watched = [factories.integration() for _ in range(2)]

    ended_at = live(watched, past)
    if is_rolled_up:
        roll_up(until=ended_at)

    assert played(made, now=ended_at) == happened()


def test_days_without_trouble_are_not_even_read() -> None:
    rule = factories.rule(threshold=2, cooldown_minutes=60)
    watched = factories.integration()
    bad = [Step(MINUTE, Outcome.TIMEOUT, None, 0)] * 3
    good = [Step(2 * HOUR, Outcome.OK, 90, 0)] * 12
    ended_at = live([watched], [*good, *bad, *good * 5, *bad, *good, *good])
    roll_up(until=ended_at)

    (candidate,) = troubles.candidates(
        sight.rule(rule), Span(START, ended_at), patience=hindsight.PATIENCE
    )

    assert len(candidate.spans) == 2
    assert candidate.length < timedelta(days=7)
    assert played(rule, now=ended_at) == happened() == (2, 2)


def test_who_was_never_unwell_is_not_even_read() -> None:
    rule = factories.rule()
    watched = factories.integration()
    ended_at = live([watched], [Step(HOUR, Outcome.OK, 90, 0)] * 5)
    for number in range(5):
        other = factories.integration(status="healthy", status_since=START - DAY)
        factories.history(other, checked_at=NOW - number * HOUR)
    roll_up(until=ended_at)

    found = troubles.candidates(
        sight.rule(rule), Span(START, ended_at), patience=hindsight.PATIENCE
    )

    # It turned healthy lately, from not being known.
    assert [candidate.id for candidate in found] == [watched.pk]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [({}, 3), ({"service": "slack"}, 1), ({"provider": "klavis"}, 1), ({"user": 0}, 1)],
)
def test_only_what_is_in_the_scope_counts(scope: dict[str, Any], expected: int) -> None:
    watched = [
        factories.integration(),
        factories.integration(service="slack"),
        factories.integration(provider="klavis"),
    ]
    if "user" in scope:
        scope = {"user": watched[0].user}
    for one in watched:
        failures(one, at=NOW - DAY)

    seen = hindsight.look(sight.rule(factories.rule(**scope)), now=NOW)

    assert seen is not None
    assert (seen.fired.opened, seen.integrations, seen.is_exact) == (expected, expected, True)


def test_what_is_older_than_thirty_days_leads_in_and_does_not_count() -> None:
    watched = factories.integration()
    failures(watched, at=NOW - timedelta(days=30) - HOUR)
    failures(watched, at=NOW - timedelta(days=30) + HOUR)

    seen = hindsight.look(sight.rule(factories.rule()), now=NOW)

    assert seen is not None
    # It goes on failing: one alert, which opened before.
    assert seen.fired.opened == 0


def test_what_cannot_be_looked_at_in_time_is_not_guessed() -> None:
    failures(factories.integration(), at=NOW - DAY)

    seen = hindsight.look(sight.rule(factories.rule()), now=NOW, patience=timedelta())

    assert seen is None


def test_a_part_of_them_stands_for_all() -> None:
    for _ in range(6):
        failures(factories.integration(), at=NOW - DAY)
    clock = iter([0.0, 0.0, 0.0, 99.0]).__next__

    seen = hindsight.look(sight.rule(factories.rule()), now=NOW, read_at_once=MINUTE, clock=clock)

    assert seen is not None
    assert not seen.is_exact
    assert (seen.looked_at, seen.candidates, seen.fired.opened, seen.integrations) == (2, 6, 6, 6)


def test_it_costs_the_same_statements_for_any_number() -> None:
    rule = sight.rule(factories.rule())
    counts = []
    for _ in range(2):
        for _ in range(10):
            failures(factories.integration(), at=NOW - DAY)
        with counted_statements() as sent:
            hindsight.look(rule, now=NOW)
        counts.append(len(sent))

    assert counts[0] == counts[1]


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


def played(rule: AlertRule, *, now: datetime) -> tuple[int, int]:
    seen = hindsight.look(sight.rule(rule), now=now)
    assert seen is not None
    assert seen.is_exact
    return seen.fired.opened, seen.fired.told


def happened() -> tuple[int, int]:
    """Return how many alerts opened, and of how many of them somebody was told."""
    alerts = Alert.objects.exclude(alert_type="recovered")
    return alerts.count(), alerts.exclude(told_at=None).count()


def failures(watched: Integration, *, at: datetime, times: int = 3) -> None:
    for number in range(times):
        factories.history(
            watched,
            checked_at=at + number * MINUTE,
            status="unhealthy",
            outcome="timeout",
            response_time_ms=None,
        )
