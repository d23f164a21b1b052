"""What alerts cost a batch: one look when all is well, and never more for more rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from alerts.models import AlertRule
from integrations_health import pipeline
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, fail, look_again
from tests.conftest import NOW
from tests.results import claim, result
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

# savepoint, lock, update, copy, the count for Prometheus, a look at alerts, release
HEALTHY = 7
# integrations, rules
CLOSER_LOOK = 2
LATER = NOW + timedelta(minutes=30)

sizes = pytest.mark.parametrize("size", [1, 40])


@pytest.fixture(autouse=True)
def _rule(no_rules: None) -> None:
    """Leave one rule: three failures in a row."""
    factories.rule()


def statements(batch: Sequence[Integration], outcome: Outcome, *, at: datetime = NOW) -> int:
    """Return how many statements it costs to record that a batch ended so."""
    results = [result(target, outcome, at=at) for target in claim(*batch, now=at)]
    with counted_statements() as sent:
        pipeline.record(results, now=at)
    return len(sent)


def integrations(count: int) -> list[Integration]:
    return [factories.integration(status="healthy") for _ in range(count)]


@sizes
def test_a_healthy_batch_costs_one_statement_more(size: int) -> None:
    assert statements(integrations(size), Outcome.OK) == HEALTHY


@sizes
def test_a_batch_of_first_successes_costs_one_statement_more(size: int) -> None:
    new = [factories.integration(status="unknown") for _ in range(size)]

    assert statements(new, Outcome.OK) == HEALTHY


@sizes
def test_failures_that_open_nothing_cost_a_closer_look(size: int) -> None:
    batch = integrations(size)
    fail(*batch, times=1, at=NOW - MINUTE)

    assert statements(batch, Outcome.TIMEOUT) == HEALTHY + CLOSER_LOOK


@sizes
def test_a_storm_of_openings_costs_the_same_for_any_number(size: int) -> None:
    batch = integrations(size)
    fail(*batch, times=2, at=NOW - MINUTE)

    # maintenance, silences, incidents; the cooldown; messages, items; since when; alerts; decisions
    assert statements(batch, Outcome.TIMEOUT) == HEALTHY + CLOSER_LOOK + 9


@sizes
def test_a_storm_that_is_held_back_costs_no_messages(size: int) -> None:
    factories.incident(opened_at=NOW - MINUTE)
    batch = integrations(size)
    fail(*batch, times=2, at=NOW - MINUTE)

    assert statements(batch, Outcome.TIMEOUT) == HEALTHY + CLOSER_LOOK + 6


@sizes
def test_a_storm_of_recoveries_costs_the_same_for_any_number(size: int) -> None:
    batch = integrations(size)
    fail(*batch)

    # the unrest; the open alerts; all-clears, alerts; who was told; messages, items; decisions
    assert statements(batch, Outcome.OK, at=LATER) == HEALTHY + CLOSER_LOOK + 8


@sizes
def test_error_rates_cost_one_statement_more(size: int) -> None:
    AlertRule.objects.all().delete()
    for minutes in (30, 60, 90):
        factories.rule(condition="error_rate", threshold=99, window_minutes=minutes)

    # the rates; the unrest
    assert statements(integrations(size), Outcome.SLOW) == HEALTHY + CLOSER_LOOK + 2


@sizes
def test_a_look_at_what_is_held_back_costs_the_same_for_any_number(size: int) -> None:
    factories.silence(starts_at=NOW - MINUTE, ends_at=LATER)
    fail(*integrations(size))

    with counted_statements() as sent:
        look_again(at=NOW + MINUTE)

    # paused ones, in a savepoint; alerts, integrations, rules, maintenance, silences, incidents, in
    # a savepoint; nothing is written of what stays as it is
    assert len(sent) == 3 + 8


def test_a_healthy_batch_reads_no_rules_even_with_an_alert_of_another() -> None:
    fail(factories.integration(status="healthy"))

    assert statements(integrations(5), Outcome.OK) == HEALTHY
