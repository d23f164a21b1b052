"""Messages on their way: claimed, sent, marked, tried again, given up, sent anew."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from alerts import claims, delivery, destinations, trials
from alerts.models import Destination, Notification, StaffNotice
from alerts.retries import MOST_ATTEMPTS
from integrations_health import network
from tests import factories, receivers
from tests.conftest import NOW
from tests.receivers import MailReceiver, WebReceiver

pytestmark = pytest.mark.django_db

SOON = NOW + timedelta(minutes=1)


@pytest.fixture
def receiver(settings: Any) -> Iterator[WebReceiver]:
    with receivers.web() as running:
        settings.DELIVERY_TRUSTED_HOSTS = [running.host]
        yield running
    network.close()


@pytest.fixture
def server(settings: Any) -> Iterator[MailReceiver]:
    with receivers.mail() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        yield running


def waiting(**fields: Any) -> Notification:
    return factories.notification(**{"collects_until": NOW, "next_attempt_at": NOW} | fields)


def hook(receiver: WebReceiver, **fields: Any) -> Destination:
    return factories.destination(kind="webhook", address=receiver.url, **fields)


def again(notification: Notification) -> Notification:
    notification.refresh_from_db()
    return notification


def test_a_mail_is_sent_once_with_the_id_of_its_row(server: MailReceiver) -> None:
    made = waiting()

    delivery.run("email", now=NOW)
    delivery.run("email", now=SOON)

    ((recipients, mail),) = server.mails
    assert recipients == [made.email]
    assert str(made.pk) in mail["Message-ID"]
    assert (again(made).state, made.sent_at, made.attempts) == ("sent", NOW, 1)
    (item,) = made.items.all()
    assert item.alert is not None
    assert item.alert.sent_at == NOW


def test_what_still_collects_is_not_sent(server: MailReceiver) -> None:
    waiting(collects_until=SOON, next_attempt_at=SOON)

    delivery.run("email", now=NOW)

    assert server.mails == []


def test_one_message_tells_of_all_its_items(server: MailReceiver) -> None:
    made = waiting()
    more = factories.alert(message="Slack via Klavis has failed 3 times in a row.")
    made.items.create(alert=more, event="opened", recipient=made.recipient)

    delivery.run("email", now=NOW)

    ((_, mail),) = server.mails
    assert "Slack via Klavis has failed 3 times in a row." in str(mail)


def test_a_message_that_is_not_taken_is_tried_again_with_the_same_id_and_bytes(
    receiver: WebReceiver,
) -> None:
    made = waiting(destination=hook(receiver))
    receiver.answer(503)
    receiver.answer(503)

    delivery.run("webhook", now=NOW)
    first_delay = again(made).next_attempt_at - NOW
    delivery.run("webhook", now=NOW + timedelta(seconds=6))
    second_delay = again(made).next_attempt_at - NOW - timedelta(seconds=6)
    delivery.run("webhook", now=NOW + timedelta(minutes=6))

    assert receiver.ids() == [str(made.pk)] * 3
    assert len({request.body for request in receiver.requests}) == 1
    assert timedelta(seconds=4.4) < first_delay < timedelta(seconds=5.6)
    assert timedelta(minutes=4.4) < second_delay < timedelta(minutes=5.6)
    assert (again(made).state, made.attempts, made.last_error) == ("sent", 3, "")


def test_whoever_asks_for_time_gets_it(receiver: WebReceiver) -> None:
    made = waiting(destination=hook(receiver))
    receiver.answer(429, retry_after="3600")

    delivery.run("webhook", now=NOW)

    assert timedelta(hours=1) <= again(made).next_attempt_at - NOW <= timedelta(hours=1.1)


def test_after_its_last_attempt_a_message_is_dead_and_staff_hear_of_it_elsewhere(
    receiver: WebReceiver,
) -> None:
    desk = factories.destination(is_for_staff=True)
    made = waiting(
        destination=hook(receiver, is_for_staff=True, last_success_at=NOW),
        attempts=MOST_ATTEMPTS - 1,
        is_collecting=False,
    )
    receiver.answer(500)

    delivery.run("webhook", now=NOW)

    assert (again(made).state, made.last_error) == ("dead", "It answered with status 500.")
    notice = StaffNotice.objects.get()
    assert notice.kind == "notification_dead"
    told = Notification.objects.exclude(pk=made.pk).get()
    assert told.destination == desk


def test_a_bad_request_is_given_up_after_three_attempts(receiver: WebReceiver) -> None:
    made = waiting(destination=hook(receiver))
    for _ in range(3):
        receiver.answer(400)

    for hours in range(5):
        delivery.run("webhook", now=NOW + timedelta(hours=hours))

    assert (again(made).state, len(receiver.requests)) == ("dead", 3)


def test_who_is_gone_is_switched_off_and_staff_hear_of_it_once(receiver: WebReceiver) -> None:
    factories.staff()
    there = hook(receiver)
    waiting(destination=there)
    receiver.answer(410)
    delivery.run("webhook", now=NOW)
    later = waiting(destination=there)

    delivery.run("webhook", now=SOON)

    there.refresh_from_db()
    assert not there.enabled
    assert there.disabled_at == NOW
    assert there.disabled_reason == "It answered with status 410."
    assert again(later).state == "dead"
    assert len(receiver.requests) == 1
    assert StaffNotice.objects.filter(kind="destination_disabled").count() == 1


def test_the_destination_knows_how_it_answered(receiver: WebReceiver) -> None:
    there = hook(receiver)
    waiting(destination=there)
    receiver.answer(500)

    delivery.run("webhook", now=NOW)
    there.refresh_from_db()
    failed = (there.last_attempt_at, there.last_success_at, there.last_error)
    delivery.run("webhook", now=SOON)
    there.refresh_from_db()

    assert failed == (NOW, None, "It answered with status 500.")
    assert (there.last_attempt_at, there.last_success_at, there.last_error) == (SOON, SOON, "")
    assert there.last_duration_ms is not None


def test_a_dead_message_is_sent_anew_in_a_new_one(receiver: WebReceiver) -> None:
    made = waiting(destination=hook(receiver))
    Notification.objects.filter(pk=made.pk).update(state="dead", is_collecting=False)

    anew = delivery.replay(made, now=NOW)
    delivery.run("webhook", now=NOW)

    assert receiver.ids() == [str(anew.pk)]
    assert anew.pk != made.pk
    assert (again(made).state, again(anew).state) == ("dead", "sent")
    (item,) = made.items.all()
    assert json.loads(receiver.requests[0].body)["data"]["alertId"] == str(item.alert_id)


def test_what_is_not_dead_is_not_sent_anew() -> None:
    with pytest.raises(delivery.NotDead):
        delivery.replay(waiting(), now=NOW)


def test_a_message_whose_worker_died_is_sent_by_another_after_the_lease(
    server: MailReceiver, settings: Any
) -> None:
    made = waiting()
    dead = claims.claim("email", pause_until=NOW, now=NOW)

    delivery.run("email", now=NOW + settings.DELIVERY_LEASE - timedelta(seconds=1))
    too_early = len(server.mails)
    delivery.run("email", now=NOW + settings.DELIVERY_LEASE)

    assert (too_early, len(server.mails)) == (0, 1)
    assert not claims.mark_sent(made.pk, token=dead.token, now=SOON)
    assert (again(made).state, made.attempts) == ("sent", 2)


def test_a_message_that_kills_whoever_sends_it_is_given_up(server: MailReceiver) -> None:
    made = waiting(attempts=MOST_ATTEMPTS, is_collecting=False)

    delivery.run("email", now=NOW)

    assert again(made).state == "dead"
    assert server.mails == []


def test_one_recipient_has_one_worker_at_a_time() -> None:
    there = factories.destination(kind="webhook")
    waiting(destination=there, is_collecting=False)
    claims.claim("webhook", pause_until=NOW, now=NOW)
    waiting(destination=there, is_collecting=False)

    second = claims.claim("webhook", pause_until=NOW, now=NOW)

    assert second.ids == []


def test_a_channel_that_hangs_takes_no_more_than_its_share_of_the_workers() -> None:
    for _ in range(claims.MOST_BATCHES["email"] + 1):
        waiting()
        taken = claims.claim("email", pause_until=NOW, now=NOW)

    assert taken.ids == []


def test_slack_gets_one_message_a_second(receiver: WebReceiver) -> None:
    there = factories.destination(kind="slack", address=receiver.url)
    for _ in range(3):
        waiting(destination=there, is_collecting=False)

    delivery.run("slack", now=NOW)
    waiting(destination=there, is_collecting=False)
    delivery.run("slack", now=NOW + timedelta(seconds=0.5))

    gaps = [b.at - a.at for a, b in zip(receiver.requests, receiver.requests[1:], strict=False)]
    assert len(gaps) == 2
    assert min(gaps) >= 1.0


def test_what_had_no_turn_is_given_back_and_not_counted(
    receiver: WebReceiver, settings: Any
) -> None:
    settings.DELIVERY_BUDGET = timedelta()
    made = waiting(destination=hook(receiver))

    is_more = delivery.run("webhook", now=NOW)

    assert is_more
    assert (again(made).state, made.attempts, made.lease_token) == ("pending", 0, None)


def test_a_mail_server_that_is_away_loses_nothing(server: MailReceiver, settings: Any) -> None:
    made = [waiting() for _ in range(3)]
    settings.EMAIL_PORT = 1
    for seconds in (0, 10, 400):
        delivery.run("email", now=NOW + timedelta(seconds=seconds))
    settings.EMAIL_PORT = server.port

    delivery.run("email", now=NOW + timedelta(hours=1))

    ids = {mail["Message-ID"].split("@")[0].strip("<") for _, mail in server.mails}
    assert {UUID(one) for one in ids} == {one.pk for one in made}
    assert len(server.mails) == 3


def test_a_rotated_secret_signs_beside_the_old_one_for_a_day() -> None:
    there = factories.destination(kind="webhook")
    old = there.secret

    new = destinations.rotate_secret(there, now=NOW)

    there.refresh_from_db()
    soon, later = NOW + timedelta(hours=23), NOW + timedelta(hours=24)
    assert destinations.address_of(there, now=soon).secrets == (new, old)
    assert destinations.address_of(there, now=later).secrets == (new,)


def test_a_destination_is_tried_out(receiver: WebReceiver) -> None:
    there = hook(receiver)
    receiver.answer(404)

    first, second = trials.send(there, now=NOW), trials.send(there, now=SOON)

    assert (first, second) == ("It answered with status 404.", "")
    assert len(set(receiver.ids())) == 2
    there.refresh_from_db()
    assert there.last_success_at == SOON


def test_a_destination_that_is_switched_on_again_takes_messages(receiver: WebReceiver) -> None:
    there = hook(receiver)
    destinations.disable(there, "It answered with status 410.", now=NOW)

    destinations.enable(there, now=SOON)

    waiting(destination=there)
    delivery.run("webhook", now=SOON)
    assert len(receiver.requests) == 1
    assert not StaffNotice.objects.filter(closed_at=None).exists()
