"""Who is told, and what holds a message back until when."""

from datetime import timedelta
from typing import Any

import pytest

from alerts import lifecycle, owed
from alerts.models import Alert, AlertRule, Notification, Silence
from integrations_health.models import Integration, User
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
    verdicts,
)
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

HOUR = timedelta(hours=1)


def opened(**fields: Any) -> Alert:
    """Let a new integration fail by a new rule, and return its alert."""
    rule = {name: fields.pop(name) for name in list(fields) if name in {"action", "destination"}}
    factories.rule(**rule)
    fail(factories.integration(**{"status": "healthy"} | fields))
    return alert()


def test_a_rule_tells_its_destination_instead_of_the_owner() -> None:
    slack = factories.destination(kind="slack")

    opened(destination=slack, action="slack")

    (message,) = Notification.objects.all()
    assert (message.channel, message.destination, message.email) == ("slack", slack, "")
    assert told() == [("opened", f"destination:{slack.pk}")]
    assert "Told “Desk" in last_reason()


def test_without_a_destination_a_webhook_rule_says_so() -> None:
    held = opened(action="webhook")

    assert (held.told_at, held.held_back) == (None, "no_destination")
    assert told() == []
    assert last_reason() == (
        f"Not sent: The rule “{held.rule}” tells by webhook and names no destination."
    )


def test_an_owner_without_an_address_is_told_once_there_is_one() -> None:
    held = opened(user=factories.user(email=""))
    assert held.held_back == "no_destination"
    User.objects.filter(pk=held.user_id).update(email="here@example.com")

    look_again(at=NOW + MINUTE)

    assert events() == ["opened"]
    assert Notification.objects.get().email == "here@example.com"


def test_a_disabled_destination_holds_back_until_it_is_back() -> None:
    desk = factories.destination(enabled=False)
    held = opened(destination=desk)
    assert held.held_back == "no_destination"
    desk.enabled = True
    desk.save()

    look_again(at=NOW + MINUTE)

    assert told() == [("opened", f"destination:{desk.pk}")]


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


def test_a_silence_hides_the_alert_and_lets_it_out_when_it_ends() -> None:
    factories.silence(starts_at=NOW - MINUTE, ends_at=NOW + HOUR, comment="Known to us.")

    held = opened()
    assert (held.held_back, held.held_until) == ("silence", NOW + HOUR)
    assert last_reason() == "Not sent: Silenced: Known to us. Until 2031-03-14 10:26 UTC."
    look_again(at=NOW + HOUR - MINUTE)
    assert told() == []
    look_again(at=NOW + HOUR)

    assert events() == ["opened"]
    assert verdicts() == ["opened", "held_back", "told"]


def test_maintenance_keeps_measuring_and_alarms_nobody() -> None:
    factories.maintenance(starts_at=NOW - MINUTE, ends_at=NOW + HOUR)
    held = opened()
    assert (held.held_back, told()) == ("maintenance", [])

    check(held.integration, at=NOW + timedelta(minutes=30))
    look_again(at=NOW + HOUR)

    assert alert().resolved_at == NOW + timedelta(minutes=30)
    assert told() == []


def test_the_end_is_told_in_a_silence_too_to_whoever_knows_of_the_beginning() -> None:
    known = opened()
    factories.silence(starts_at=NOW, ends_at=NOW + HOUR)

    check(known.integration, at=NOW + timedelta(minutes=30))

    assert events() == ["opened", "recovered"]


def test_the_end_goes_to_whoever_was_told_even_if_the_rule_now_tells_another() -> None:
    known = opened()
    AlertRule.objects.update(destination=factories.destination())

    check(known.integration, at=NOW + timedelta(minutes=30))

    owner = f"user:{known.user_id}"
    assert told() == [("opened", owner), ("recovered", owner)]


def test_an_acknowledged_alert_tells_nobody_until_it_is_let_go() -> None:
    somebody = factories.staff()
    factories.silence(starts_at=NOW - MINUTE, ends_at=NOW + MINUTE)
    held = opened()
    lifecycle.acknowledge([held.pk], by=somebody, now=NOW)

    look_again(at=NOW + HOUR)
    assert (told(), alert().held_back) == ([], "acknowledged")
    lifecycle.unacknowledge([held.pk], by=somebody, now=NOW + HOUR)
    look_again(at=NOW + HOUR)

    assert events() == ["opened"]


def test_a_decision_that_stays_the_same_is_noted_once() -> None:
    factories.silence(starts_at=NOW - MINUTE, ends_at=NOW + HOUR)
    opened()

    for minutes in range(1, 5):
        look_again(at=NOW + minutes * MINUTE)

    assert verdicts() == ["opened", "held_back"]


def test_however_many_are_held_back_all_are_looked_at() -> None:
    factories.silence(starts_at=NOW - MINUTE, ends_at=NOW + MINUTE)
    factories.rule()
    fail(*(factories.integration(status="healthy") for _ in range(7)))

    owed.tell(now=NOW + MINUTE, at_once=2)

    assert events() == ["opened"] * 7


def test_however_many_are_paused_all_their_alerts_end() -> None:
    factories.rule()
    fail(*(factories.integration(status="healthy") for _ in range(5)))
    Integration.objects.update(enabled=False)

    owed.end_unwatched(now=NOW + MINUTE, at_once=2)

    assert not Alert.objects.filter(resolved_at=None).exists()


def test_an_alert_of_a_paused_integration_ends_and_is_told_so() -> None:
    known = opened()
    known.integration.enabled = False
    known.integration.save()

    look_again(at=NOW + MINUTE)

    assert alert().resolved_at == NOW + MINUTE
    assert events() == ["opened", "recovered"]
    assert last_reason() == "The integration is no longer watched."
