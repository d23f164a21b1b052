"""Many workers at once: one alert, one message, no deadlock, complete pairs."""

import random
from datetime import timedelta

import pytest
from django.db import connection

from alerts import lifecycle, owed
from alerts.models import Alert, Decision, Notification, NotificationItem
from integrations_health import pipeline
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, events, fail
from tests.conftest import NOW
from tests.results import claim, result
from tests.sessions import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_rules")]

HOUR = timedelta(hours=1)
THREADS = 8


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchall()[0][0])


def unpaired() -> set[tuple[object, str]]:
    """Return who was told of one end of a resolved alert and not of the other."""
    items = NotificationItem.objects.exclude(alert__resolved_at=None)
    ends = [
        set(items.filter(event=event).values_list("alert_id", "recipient"))
        for event in ("opened", "recovered")
    ]
    return ends[0] ^ ends[1]


def healthy(count: int, **fields: object) -> list[Integration]:
    return [factories.integration(status="healthy", **fields) for _ in range(count)]


def test_a_failure_that_many_report_is_one_alert_and_one_message() -> None:
    factories.rule()
    (integration,) = healthy(1)
    fail(integration, times=2, at=NOW - MINUTE)
    (target,) = claim(integration)
    third = result(target, Outcome.TIMEOUT)

    at_once(THREADS, lambda _: pipeline.record([third], now=NOW))

    assert Alert.objects.count() == 1
    assert events() == ["opened"]


def test_what_one_person_is_told_by_many_workers_is_one_message() -> None:
    factories.rule()
    owner = factories.user()
    batches = [healthy(5, user=owner) for _ in range(THREADS)]
    for batch in batches:
        fail(*batch, times=2, at=NOW - MINUTE)

    at_once(THREADS, lambda number: check(*batches[number], outcome=Outcome.TIMEOUT))

    message = Notification.objects.get()
    assert message.items.count() == 5 * THREADS


def test_what_the_cooldown_held_back_is_told_once_by_many_looks() -> None:
    factories.rule(cooldown_minutes=60)
    batch = healthy(20)
    fail(*batch)
    check(*batch, at=NOW + MINUTE)
    fail(*batch, at=NOW + timedelta(minutes=10))

    at_once(THREADS, lambda _: owed.tell(now=NOW + HOUR - MINUTE))
    assert events().count("opened") == 20
    at_once(THREADS, lambda _: owed.tell(now=NOW + HOUR + MINUTE))

    assert events().count("opened") == 40


def test_an_alert_that_ends_while_it_is_told_leaves_a_complete_pair_or_nothing() -> None:
    factories.rule(cooldown_minutes=60)
    batch = healthy(30)
    fail(*batch)
    check(*batch, at=NOW + MINUTE)
    fail(*batch, at=NOW + timedelta(minutes=10))
    at = NOW + HOUR + MINUTE
    halves = [batch[:15], batch[15:]]

    def end_or_tell(number: int) -> None:
        if number < len(halves):
            check(*halves[number], at=at)
        else:
            owed.tell(now=at)

    at_once(6, end_or_tell)

    assert not Alert.objects.filter(resolved_at=None).exists()
    assert unpaired() == set()


def test_who_acknowledges_among_many_is_one() -> None:
    opened = factories.alert(created_at=NOW)
    people = [factories.staff() for _ in range(THREADS)]
    won: list[int] = []

    def acknowledge(number: int) -> None:
        if lifecycle.acknowledge([opened.pk], by=people[number], now=NOW):
            won.append(number)

    at_once(THREADS, acknowledge)

    assert len(won) == 1
    assert alert().acknowledged_by == people[won[0]]
    assert Decision.objects.count() == 1


def test_an_end_by_hand_and_an_end_by_itself_are_one_end() -> None:
    factories.rule()
    batch = healthy(10)
    fail(*batch)
    ids = list(Alert.objects.values_list("pk", flat=True))
    somebody = factories.staff()

    def end(number: int) -> None:
        if number % 2:
            lifecycle.resolve(ids, by=somebody, now=NOW + MINUTE)
        elif number == 0:
            check(*batch, at=NOW + MINUTE)

    at_once(THREADS, end)

    assert events().count("recovered") == 10
    assert unpaired() == set()


def test_a_storm_from_all_sides_ends_without_a_deadlock() -> None:
    before = deadlocks()
    for threshold in (1, 2):
        factories.rule(threshold=threshold, cooldown_minutes=0)
    owners = [factories.user() for _ in range(3)]
    everybody = [one for owner in owners for one in healthy(10, user=owner)]
    shares = [everybody[number::4] for number in range(4)]
    somebody = factories.staff()

    def live(number: int) -> None:
        dice = random.Random(number)
        for round_ in range(6):
            at = NOW + round_ * MINUTE
            if number < 4:
                share = dice.sample(shares[number], 7)
                check(*share, outcome=dice.choice([Outcome.TIMEOUT, Outcome.OK]), at=at)
            elif number < 6:
                owed.tell(now=at, at_once=4)
            else:
                ids = list(Alert.objects.filter(resolved_at=None).values_list("pk", flat=True))
                dice.shuffle(ids)
                lifecycle.acknowledge(ids[:5], by=somebody, now=at)
                lifecycle.resolve(ids[5:9], by=somebody, now=at)

    at_once(THREADS, live)

    assert deadlocks() == before
    assert unpaired() == set()
    open_ones = Alert.objects.filter(resolved_at=None).values_list("rule_id", "integration_id")
    assert len(open_ones) == len(set(open_ones))
