"""Many senders at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from alerts import claims, delivery
from alerts.models import Alert, Notification
from tests import factories
from tests.conftest import NOW
from tests.delivering import end, hears, hook, plan
from tests.receivers import OK, WebReceiver

pytestmark = pytest.mark.django_db(transaction=True)

SENDERS = 6


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(SENDERS) as running:
        yield running


def test_many_senders_send_each_message_once(
    receiver: WebReceiver, pool: ThreadPoolExecutor, settings: Any
) -> None:
    settings.DELIVERY_BATCH_SIZE = 5
    notice = factories.notice()
    for _ in range(20):
        there = factories.destination(kind="webhook", address=receiver.url)
        for _ in range(2):
            made = Notification.objects.create(
                channel="webhook",
                recipient=f"destination:{there.pk}",
                destination=there,
                is_collecting=False,
                next_attempt_at=NOW - timedelta(minutes=1),
            )
        made.items.create(notice=notice, event="opened", recipient=made.recipient)

    def send_until_nothing_is_left(_: int) -> None:
        try:
            while Notification.objects.exclude(state="sent").exists():
                delivery.run("webhook", now=NOW)
        finally:
            connection.close()

    list(pool.map(send_until_nothing_is_left, range(SENDERS)))

    expected = {str(pk) for pk in Notification.objects.values_list("pk", flat=True)}
    assert Counter(receiver.ids()) == Counter(expected)


def test_however_many_claim_at_once_no_channel_has_more_than_its_share(
    pool: ThreadPoolExecutor,
) -> None:
    for _ in range(SENDERS):
        factories.notification(is_collecting=False, next_attempt_at=NOW)

    def claim(_: int) -> claims.Claim:
        try:
            return claims.claim("email", pause_until=NOW, now=NOW)
        finally:
            connection.close()

    taken = [pk for one in pool.map(claim, range(SENDERS)) for pk in one.ids]

    assert len(taken) == len(set(taken)) == SENDERS
    assert Notification.objects.values("lease_token").distinct().count() == 1


@pytest.mark.parametrize("waited", [timedelta(minutes=2), timedelta(hours=2)])
def test_however_many_send_while_alerts_end_no_all_clear_overtakes_its_alarm(
    receiver: WebReceiver, pool: ThreadPoolExecutor, waited: timedelta
) -> None:
    there = [hook(receiver, last_success_at=NOW) for _ in range(3)]
    alerts = [factories.alert(created_at=NOW) for _ in range(18)]
    for number, one in enumerate(alerts):
        plan(one, "opened", to=there[number % 3])
        if number % 6 > 2:  # two messages to each, the last of which still collects
            Notification.objects.update(is_collecting=False)
    # Refused twice, what is out waits for minutes, in which the all-clears become due.
    receiver.answers += [(503, {})] * 100
    for seconds in (30, 36):
        delivery.run("webhook", now=NOW + timedelta(seconds=seconds))
    receiver.answers.clear()

    def end_some_and_send(place: int) -> None:
        try:
            for number in range(place, len(alerts), SENDERS):
                at = NOW + waited + timedelta(seconds=number)
                end(alerts[number], to=there[number % 3], at=at)
                delivery.run("webhook", now=at)
            send_all(at=NOW + waited + timedelta(minutes=1))
        finally:
            connection.close()

    list(pool.map(end_some_and_send, range(SENDERS)))
    for hours in range(1, 8):
        send_all(at=NOW + waited + timedelta(hours=hours))

    heard = _heard(receiver)
    assert {tuple(heard[str(one.pk)]) for one in alerts} <= {("opened", "recovered"), ("whole",)}
    assert not Notification.objects.filter(state__in=["pending", "sending"]).exists()
    assert max(Counter(_taken_ids(receiver)).values()) == 1


def test_however_many_press_a_message_is_sent_again_once(pool: ThreadPoolExecutor) -> None:
    first = factories.notification(is_collecting=False, state="dead")
    second = delivery.replay(first, now=NOW)
    Notification.objects.filter(pk=second.pk).update(state="dead")

    def press(number: int) -> bool:
        try:
            delivery.replay([first, second][number % 2], now=NOW)
        except delivery.NotDead:
            return False
        else:
            return True
        finally:
            connection.close()

    assert list(pool.map(press, range(SENDERS * 2))).count(True) == 1
    assert Notification.objects.filter(replays=first, state="pending").count() == 1


def send_all(*, at: datetime) -> None:
    """Send until nothing is due."""
    while delivery.run("webhook", now=at):
        pass


def _taken_ids(receiver: WebReceiver) -> list[str]:
    return [one.headers["webhook-id"] for one in receiver.requests if one.status == OK]


def _heard(receiver: WebReceiver) -> dict[str, list[str]]:
    heard: dict[str, list[str]] = {str(pk): [] for pk in Alert.objects.values_list("pk", flat=True)}
    taken = [one for one in receiver.requests if one.status == OK]
    for event, alert in hears(WebReceiver(requests=taken)):
        heard[alert].append(event)
    return heard
