"""Many senders at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from alerts import claims, delivery
from alerts.models import Notification
from tests import factories
from tests.conftest import NOW
from tests.receivers import WebReceiver

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
