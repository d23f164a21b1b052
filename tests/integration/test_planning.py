"""What is told to one recipient at once is one message; an hour has only so many."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts import planning
from alerts.models import Alert, Notification, NotificationItem
from alerts.planning import Item
from tests import factories
from tests.conftest import NOW
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

HALF_A_MINUTE = timedelta(seconds=30)
HOUR = timedelta(hours=1)


def item(alert: Alert | None = None, event: str = "opened") -> Item:
    """Return that the owner of an alert is to be told of it."""
    of = alert or factories.alert()
    return Item(planning.person(of.user_id, of.user.email), event, of.pk)


def send_all(*, at: datetime) -> None:
    """Send what no longer collects, as a sender does."""
    Notification.objects.filter(is_collecting=True, collects_until__lte=at).update(
        is_collecting=False, state="sent", sent_at=at
    )


def alerts_of_one(count: int) -> list[Alert]:
    integration = factories.integration()
    return [factories.alert(integration=integration) for _ in range(count)]


def test_a_message_collects_for_half_a_minute() -> None:
    one = item()

    releases = planning.plan([one], now=NOW)

    (message,) = Notification.objects.all()
    assert (message.collects_until, message.next_attempt_at) == (NOW + HALF_A_MINUTE,) * 2
    assert (message.state, message.is_digest, message.is_collecting) == ("pending", False, True)
    assert releases == {one.recipient.key: NOW + HALF_A_MINUTE}


def test_what_comes_meanwhile_joins_it() -> None:
    first, second = alerts_of_one(2)

    planning.plan([item(first)], now=NOW)
    planning.plan([item(second)], now=NOW + timedelta(seconds=29))

    assert set(Notification.objects.get().items.values_list("alert", flat=True)) == {
        first.pk,
        second.pk,
    }


def test_what_comes_after_it_was_claimed_is_another_message() -> None:
    first, second = alerts_of_one(2)
    planning.plan([item(first)], now=NOW)
    send_all(at=NOW + HALF_A_MINUTE)

    planning.plan([item(second)], now=NOW + HALF_A_MINUTE)

    assert Notification.objects.count() == 2


def test_two_recipients_are_two_messages() -> None:
    planning.plan([item(), item()], now=NOW)

    assert Notification.objects.count() == 2


def test_nobody_is_told_the_same_twice() -> None:
    one = item()

    for _ in range(3):
        planning.plan([one, one], now=NOW)
        send_all(at=NOW + HALF_A_MINUTE)

    assert NotificationItem.objects.count() == 1


def test_who_had_a_full_hour_gets_a_digest_when_it_has_room_again(settings: Any) -> None:
    settings.NOTIFICATIONS_PER_HOUR = 3
    alerts = alerts_of_one(6)
    minutes = [0, 10, 20, 30, 40, 50]

    for alert, minute in zip(alerts, minutes, strict=True):
        at = NOW + timedelta(minutes=minute)
        send_all(at=at)
        planning.plan([item(alert)], now=at)

    *single, digest = Notification.objects.order_by("created_at")
    assert [one.is_digest for one in single] == [False, False, False]
    assert digest.is_digest
    assert digest.collects_until == NOW + HALF_A_MINUTE + HOUR
    assert digest.items.count() == 3


def test_no_hour_has_more_messages_than_it_may(settings: Any) -> None:
    settings.NOTIFICATIONS_PER_HOUR = 3
    for number, alert in enumerate(alerts_of_one(40)):
        at = NOW + number * timedelta(minutes=7)
        send_all(at=at)
        planning.plan([item(alert)], now=at)

    released = list(
        Notification.objects.order_by("collects_until").values_list("collects_until", flat=True)
    )
    assert all(
        later - earlier >= HOUR for earlier, later in zip(released, released[3:], strict=False)
    )
    assert NotificationItem.objects.count() == 40


@pytest.mark.parametrize("size", [1, 50])
def test_messages_cost_the_same_number_of_statements_whatever_their_number(size: int) -> None:
    items = [item() for _ in range(size)]

    with counted_statements() as sent:
        planning.plan(items, now=NOW)

    assert len(sent) == 2
