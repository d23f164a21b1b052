"""An alert of which it turns out later that only its owner can mend it."""

from datetime import timedelta

import pytest

from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, events, fail, verdicts
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

HOUR = timedelta(hours=1)
DEAD, AWAY = Outcome.AUTH_EXPIRED, Outcome.TIMEOUT


@pytest.fixture
def down() -> Integration:
    """Return an integration that is down, of which its owner was told that they need do nothing."""
    factories.rule(threshold=3)
    integration = factories.integration(status="healthy")
    fail(integration, outcome=AWAY)
    assert events() == ["opened"]
    return integration


def test_whoever_was_told_to_wait_is_told_when_they_must_reconnect(down: Integration) -> None:
    fail(down, outcome=DEAD, times=2, at=NOW + HOUR)

    assert events() == ["opened", "escalated"]
    assert verdicts() == ["opened", "told", "escalated", "told"]
    assert alert().error_code == "auth_expired"
    assert (alert().severity, alert().escalation_told_at) == ("critical", NOW + HOUR)


def test_a_quiet_rule_tells_it_too() -> None:
    factories.rule(threshold=3, severity="warning")
    slow = factories.integration(status="healthy")
    fail(slow, outcome=Outcome.SLOW)

    fail(slow, outcome=DEAD, times=2, at=NOW + HOUR)

    assert events() == ["opened", "escalated"]
    assert (alert().severity, alert().error_code) == ("warning", "auth_expired")


def test_one_sign_of_a_dead_grant_is_not_enough(down: Integration) -> None:
    check(down, outcome=DEAD, at=NOW + HOUR, took=None)

    assert events() == ["opened"]
    assert alert().error_code == "timeout"


def test_it_is_told_once_however_often_the_provider_fails_meanwhile(down: Integration) -> None:
    fail(down, outcome=DEAD, times=2, at=NOW + HOUR)

    for minutes in range(2, 10):
        outcome = DEAD if minutes % 2 else AWAY
        check(down, outcome=outcome, at=NOW + HOUR + minutes * MINUTE, took=None)

    assert events() == ["opened", "escalated"]
    assert alert().error_code == "auth_expired"


def test_a_dead_grant_that_now_times_out_is_still_a_dead_grant() -> None:
    factories.rule(threshold=3)
    integration = factories.integration(status="healthy")
    fail(integration, outcome=DEAD)

    check(integration, outcome=AWAY, at=NOW + HOUR, took=None)
    check(integration, outcome=DEAD, at=NOW + 2 * HOUR, took=None)

    assert events() == ["opened"]
    assert alert().error_code == "auth_expired"
