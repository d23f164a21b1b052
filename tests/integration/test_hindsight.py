"""What a rule would have done is what the engine does, whatever was found and when."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from alerts import hindsight, sight, troubles
from alerts.models import Alert, AlertRule
from integrations_health.models import DailyHealth, HealthHistory, Integration, RolledUpDay
from integrations_health.outcomes import Outcome
from integrations_health.windows import Span
from tests import factories
from tests.alarms import MINUTE
from tests.conftest import NOW
from tests.pasts import DAY, HOUR, START, Step, live, roll_up, rules, steps
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


@hypothesis_settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules, past=st.lists(steps, min_size=8, max_size=20), is_rolled_up=st.booleans())
def test_the_past_is_played_as_the_engine_heard_it(
    settings: Any, rule: dict[str, Any], past: list[Step], is_rolled_up: bool
) -> None:
    settings.NOTIFICATIONS_PER_HOUR = 10_000
    for model in (Alert, Integration, AlertRule, RolledUpDay, DailyHealth, HealthHistory):
        model._default_manager.all().delete()
    made = factories.rule(**rule)
    watched = [factories.integration() for _ in range(2)]
    # So many others that what these two find is no storm, which the past knows nothing of.
    for _ in range(8):
        factories.integration(status="healthy", last_check_at=START)

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
    ).chosen

    assert len(candidate.spans) == 2
    assert candidate.length < timedelta(days=7)
    assert played(rule, now=ended_at) == happened() == (2, 2)


def test_who_got_well_on_a_day_without_trouble_fires_again() -> None:
    rule = factories.rule(threshold=1, cooldown_minutes=0)
    watched = factories.integration()
    past = [
        Step(HOUR, Outcome.OK, 90, 0),
        Step(MINUTE, Outcome.TIMEOUT, None, 0),
        Step(3 * DAY, Outcome.OK, 90, 0),
        Step(5 * DAY, Outcome.TIMEOUT, None, 0),
        Step(DAY, Outcome.TIMEOUT, None, 0),
    ]
    ended_at = live([watched], past)
    roll_up(until=ended_at)

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
    assert [candidate.id for candidate in found.chosen] == [watched.pk]


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


@pytest.mark.parametrize("threshold", [5_000, 100])
def test_of_very_many_some_are_chosen_and_all_are_counted(threshold: float) -> None:
    rule = sight.rule(factories.rule(condition="response_time", threshold=threshold))
    watched = [factories.integration() for _ in range(5)]
    for one in watched:
        failures(one, at=NOW - DAY)

    found = troubles.candidates(rule, Span(NOW - 2 * DAY, NOW), patience=hindsight.PATIENCE, most=2)

    assert found.total == 5
    assert [one.id for one in found.chosen] == sorted(one.pk for one in watched)[:2]


def test_days_of_trouble_are_found_without_reading_the_others() -> None:
    factories.daily_health(day=NOW.date())

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT integration_id FROM integration_health_daily"
            " WHERE day >= %s AND healthy_checks < checks",
            [NOW.date()],
        )
        plan = " ".join(line for (line,) in cursor.fetchall())

    assert "_day_integration_id_idx" in plan


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
