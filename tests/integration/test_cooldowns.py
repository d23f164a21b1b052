"""The same is not told again for a while, and nothing is swallowed."""

from datetime import timedelta

import pytest

from alerts.models import Alert, Silence
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import (
    MINUTE,
    alert,
    check,
    events,
    fail,
    last_reason,
    look_again,
    told,
)
from tests.conftest import NOW

HOUR = timedelta(hours=1)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


def test_the_same_is_not_told_again_within_the_cooldown() -> None:
    rule = factories.rule(cooldown_minutes=60)
    integration = factories.integration(status="healthy")
    fail(integration)
    check(integration, at=NOW + MINUTE)

    fail(integration, at=NOW + timedelta(minutes=10))

    second = Alert.objects.get(rule=rule, resolved_at=None)
    assert (second.told_at, second.held_back) == (None, "cooldown")
    assert second.held_until == NOW + HOUR + timedelta(seconds=30)
    assert events() == ["opened", "recovered"]
    assert last_reason() == (
        "Not sent: The same was told not long ago. Until 2031-03-14 10:27 UTC."
    )


def test_what_is_still_true_when_the_cooldown_ends_is_told_then() -> None:
    factories.rule(cooldown_minutes=60)
    integration = factories.integration(status="healthy")
    fail(integration)
    check(integration, at=NOW + MINUTE)
    fail(integration, at=NOW + timedelta(minutes=10))

    look_again(at=NOW + HOUR)
    assert events() == ["opened", "recovered"]
    look_again(at=NOW + HOUR + MINUTE)
    look_again(at=NOW + HOUR + 2 * MINUTE)

    assert events() == ["opened", "recovered", "opened"]


def test_what_is_over_before_the_cooldown_ends_is_told_to_nobody() -> None:
    factories.rule(cooldown_minutes=60)
    integration = factories.integration(status="healthy")
    fail(integration)
    check(integration, at=NOW + MINUTE)
    fail(integration, at=NOW + timedelta(minutes=10))
    check(integration, at=NOW + timedelta(minutes=20))

    look_again(at=NOW + 2 * HOUR)

    assert events() == ["opened", "recovered"]
    assert last_reason().startswith("It works again. Nobody was told")


def test_an_escalation_does_not_wait_and_starts_the_cooldown_anew() -> None:
    factories.rule(cooldown_minutes=60)
    integration = factories.integration(status="healthy")
    fail(integration, outcome=Outcome.PERMISSION)
    worse = NOW + timedelta(minutes=50)
    fail(integration, at=worse)
    check(integration, at=worse + MINUTE)

    fail(integration, at=NOW + timedelta(minutes=70))
    assert events() == ["opened", "escalated", "recovered"]
    look_again(at=worse + HOUR + MINUTE)

    assert events() == ["opened", "escalated", "recovered", "opened"]


def test_what_was_held_back_and_got_worse_is_told_once() -> None:
    rule = factories.rule(enabled=True)
    silence = factories.silence(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    integration = factories.integration(status="healthy")
    fail(integration, outcome=Outcome.PERMISSION)
    fail(integration, at=NOW + timedelta(minutes=10))
    assert (alert().severity, told()) == ("critical", [])
    Silence.objects.filter(pk=silence.pk).delete()

    look_again(at=NOW + timedelta(minutes=11))
    look_again(at=NOW + timedelta(minutes=12))

    assert events() == ["opened"]
    assert alert().rule == rule


def test_an_escalation_that_is_silenced_is_owed_until_the_silence_ends() -> None:
    factories.rule()
    integration = factories.integration(status="healthy")
    fail(integration, outcome=Outcome.PERMISSION)
    factories.silence(starts_at=NOW + MINUTE, ends_at=NOW + HOUR)
    fail(integration, at=NOW + timedelta(minutes=10))
    assert (events(), alert().held_back) == (["opened"], "silence")

    look_again(at=NOW + timedelta(minutes=30))
    assert events() == ["opened"]
    look_again(at=NOW + HOUR)
    look_again(at=NOW + HOUR + MINUTE)

    assert events() == ["opened", "escalated"]
