"""Who is told, and what holds a message back until when."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from alerts import lifecycle, owed
from alerts.models import Alert, AlertRule, Notification
from integrations_health.models import Integration, User
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


def version() -> str:
    """Return what PostgreSQL changes of the one alert whenever it is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ctid::text FROM health_check_alerts")
        ((place,),) = cursor.fetchall()
    return str(place)


def test_a_rule_tells_its_destination_instead_of_the_owner() -> None:
    slack = factories.destination(kind="slack")

    opened(destination=slack, action="slack")

    (message,) = Notification.objects.all()
    assert (message.channel, message.destination, message.email) == ("slack", slack, "")
    assert told() == [("opened", f"destination:{slack.pk}")]
    assert "Tells “Desk" in last_reason()


def test_without_a_destination_a_webhook_rule_says_so() -> None:
    held = opened(action="webhook")

    assert (held.told_at, held.held_back) == (None, "no_destination")
    assert told() == []
    assert last_reason() == (
        f"Not sent: The rule “{held.rule}” tells by webhook and names no destination."
    )


@pytest.mark.parametrize("lacking", [{"email": ""}, {"is_active": False}])
def test_an_owner_without_an_address_or_switched_off_is_told_once_that_ends(
    lacking: dict[str, Any],
) -> None:
    held = opened(user=factories.user(**lacking))
    assert held.held_back == "no_destination"
    User.objects.filter(pk=held.user_id).update(email="here@example.com", is_active=True)

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


def test_what_left_the_scope_of_its_rule_is_told_to_nobody() -> None:
    factories.silence(starts_at=NOW - MINUTE, ends_at=NOW + MINUTE)
    held = opened()
    AlertRule.objects.update(service="slack")

    look_again(at=NOW + HOUR)

    assert told() == []
    assert last_reason() == f"Not sent: The rule “{held.rule}” no longer covers it."


def test_a_look_that_changes_nothing_writes_nothing() -> None:
    factories.silence(starts_at=NOW - MINUTE, ends_at=NOW + HOUR)
    opened()
    look_again(at=NOW + MINUTE)
    before = version()

    look_again(at=NOW + 2 * MINUTE)

    assert version() == before


def test_the_end_is_told_at_the_address_that_the_owner_has_by_then() -> None:
    known = opened()
    User.objects.filter(pk=known.user_id).update(email="new@example.com")

    check(known.integration, at=NOW + HOUR)

    assert events() == ["opened", "recovered"]
    newest = Notification.objects.latest("collects_until")
    assert newest.email == "new@example.com"


@pytest.mark.parametrize("lacking", [{"email": ""}, {"is_active": False}])
def test_who_has_no_address_any_more_or_was_switched_off_hears_of_no_end(
    lacking: dict[str, Any],
) -> None:
    known = opened()
    User.objects.filter(pk=known.user_id).update(**lacking)

    check(known.integration, at=NOW + HOUR)

    assert alert().resolved_at == NOW + HOUR
    assert events() == ["opened"]


def test_a_message_that_collects_goes_to_the_newest_address() -> None:
    known = opened()
    User.objects.filter(pk=known.user_id).update(email="new@example.com")

    fail(factories.integration(user=known.user, status="healthy"), at=NOW + timedelta(seconds=20))

    assert Notification.objects.get().email == "new@example.com"


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
