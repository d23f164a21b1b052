"""Alarms and all-clears of one recipient that hang together, and are being added to."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from alerts import claims, delivery, pairs
from alerts.models import Alert, Notification, NotificationItem
from tests import factories
from tests.conftest import NOW
from tests.delivering import end, hears, hook, plan
from tests.receivers import WebReceiver
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def alert() -> Alert:
    return factories.alert(created_at=NOW - MINUTE)


@pytest.mark.django_db(transaction=True)
def test_whoever_is_adding_to_the_all_clear_is_not_waited_for(receiver: WebReceiver) -> None:
    there, one, other = hook(receiver), alert(), alert()
    plan(one, "opened", to=there)
    Notification.objects.update(is_collecting=False)
    end(one, to=there, at=NOW + HOUR)
    adder = connection.copy()
    try:
        with transaction.atomic(), adder.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "SELECT FROM notifications WHERE is_collecting AND destination_id = %s FOR UPDATE",
                [there.pk],
            )
        delivery.run("webhook", now=NOW + HOUR)
        meanwhile = len(receiver.requests)
        with adder.cursor() as cursor:
            cursor.execute("COMMIT")
    finally:
        adder.close()
    plan(other, "opened", to=there, at=NOW + HOUR)

    while delivery.run("webhook", now=NOW + HOUR + timedelta(seconds=5)):
        pass

    assert meanwhile == 0
    assert hears(receiver) == [("whole", str(one.pk)), ("opened", str(other.pk))]
    assert not NotificationItem.objects.exclude(notification__state="sent").exists()


def test_what_joins_an_all_clear_brings_no_other_one_that_overtakes(receiver: WebReceiver) -> None:
    there, first, second = hook(receiver), alert(), alert()
    plan(first, "opened", to=there)
    Notification.objects.update(is_collecting=False)
    plan(second, "opened", to=there, at=NOW + MINUTE)
    end(first, to=there, at=NOW + MINUTE)
    Notification.objects.update(is_collecting=False, next_attempt_at=NOW + 5 * HOUR)
    end(second, to=there, at=NOW + 2 * HOUR)

    for hours in (3, 6):
        while delivery.run("webhook", now=NOW + hours * HOUR):
            pass

    assert sorted(hears(receiver)) == sorted(("whole", str(one.pk)) for one in (first, second))


def test_a_batch_of_old_alarms_costs_the_same_whatever_its_size(receiver: WebReceiver) -> None:
    costs = []
    for count in (1, 8):
        for _ in range(count):
            there, one = hook(receiver, last_success_at=NOW), alert()
            plan(one, "opened", to=there)
            Notification.objects.filter(is_collecting=True).update(is_collecting=False)
            end(one, to=there, at=NOW + 2 * HOUR)
        claim = claims.claim("webhook", pause_until=NOW, now=NOW + 2 * HOUR)
        with counted_statements() as statements:
            pairs.settle(claim, now=NOW + 2 * HOUR)
        costs.append(len(statements))

    assert costs[0] == costs[1]
    assert Notification.objects.count() == 9


def test_a_batch_of_young_alarms_costs_one_statement(receiver: WebReceiver) -> None:
    for _ in range(5):
        plan(alert(), "opened", to=hook(receiver))
    claim = claims.claim("webhook", pause_until=NOW, now=NOW + MINUTE)

    with counted_statements() as statements:
        going = pairs.settle(claim, now=NOW + MINUTE)

    assert len(statements) == 1
    assert len(going) == 5
