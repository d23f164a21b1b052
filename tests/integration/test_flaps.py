"""An integration that fails and recovers again and again is one alert."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Flap
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import alert, check, events, look_again, verdicts
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

FIVE_MINUTES = timedelta(minutes=5)


def go_up_and_down(integration: Integration, *, times: int) -> None:
    """Let every other check fail, five minutes apart; the last of them succeeds at NOW."""
    for number in reversed(range(times)):
        outcome = Outcome.TIMEOUT if number % 2 else Outcome.OK
        check(integration, outcome=outcome, at=NOW - number * FIVE_MINUTES)


def test_falls_and_recoveries_add_up() -> None:
    integration = factories.integration(status="healthy")

    go_up_and_down(integration, times=4)

    flap = Flap.objects.get(integration=integration)
    assert 2500 < flap.penalty < 3000
    assert (flap.counted_at, flap.is_flapping) == (NOW, False)


def test_to_get_worse_is_no_unrest() -> None:
    integration = factories.integration(status="healthy")

    for number in range(5):
        check(integration, outcome=Outcome.TIMEOUT, at=NOW + number * FIVE_MINUTES)

    assert Flap.objects.get(integration=integration).penalty == 1000


def test_to_be_seen_for_the_first_time_is_no_unrest() -> None:
    check(factories.integration(status="unknown"), outcome=Outcome.TIMEOUT)
    check(factories.integration(status="unknown"))

    assert not Flap.objects.exists()


def test_a_flapping_alert_stays_open_through_its_ups_and_downs() -> None:
    factories.rule(threshold=1, cooldown_minutes=0)
    integration = factories.integration(status="healthy")

    go_up_and_down(integration, times=30)

    flapping = Alert.objects.get(resolved_at=None)
    assert flapping.is_flapping
    assert verdicts(flapping) == ["opened", "flapping", "told"]
    # Two times down and up until it counts as flapping, then once.
    assert events() == ["opened", "recovered", "opened", "recovered", "opened"]


def test_it_ends_with_one_all_clear_when_it_has_been_calm_for_a_while() -> None:
    factories.rule(threshold=1, cooldown_minutes=0)
    integration = factories.integration(status="healthy")
    go_up_and_down(integration, times=30)
    before = len(events())

    for number in range(1, 9):
        check(integration, at=NOW + number * FIVE_MINUTES)
        look_again(at=NOW + number * FIVE_MINUTES)

    assert not Alert.objects.filter(resolved_at=None).exists()
    assert not Flap.objects.get(integration=integration).is_flapping
    assert events()[before:] == ["recovered"]


def test_what_fails_for_good_after_flapping_is_an_ordinary_alert() -> None:
    factories.rule(threshold=1, cooldown_minutes=0)
    integration = factories.integration(status="healthy")
    go_up_and_down(integration, times=30)

    for number in range(1, 9):
        check(integration, outcome=Outcome.TIMEOUT, at=NOW + number * FIVE_MINUTES)

    ordinary = Alert.objects.get(resolved_at=None)
    assert not ordinary.is_flapping
    check(integration, at=NOW + timedelta(hours=1))
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_up_and_down_below_the_threshold_wakes_nobody() -> None:
    factories.rule(threshold=3)
    integration = factories.integration(status="healthy")

    go_up_and_down(integration, times=30)

    assert events() == []
    assert not Alert.objects.exists()


def test_what_opens_while_flapping_is_known_as_such() -> None:
    factories.rule(threshold=2, cooldown_minutes=0)
    integration = factories.integration(status="healthy")
    go_up_and_down(integration, times=30)

    for number in (1, 2):
        check(integration, outcome=Outcome.TIMEOUT, at=NOW + number * FIVE_MINUTES)

    assert alert().is_flapping


def test_what_works_when_its_cooldown_ends_is_not_told_to_fail() -> None:
    factories.rule(threshold=1, cooldown_minutes=20)
    integration = factories.integration(status="healthy")
    go_up_and_down(integration, times=10)
    before = len(events())
    assert Alert.objects.get(resolved_at=None).told_at is None

    for number in range(1, 9):
        check(integration, at=NOW + number * FIVE_MINUTES)
        look_again(at=NOW + number * FIVE_MINUTES)

    assert not Alert.objects.filter(resolved_at=None).exists()
    assert events()[before:] == []
