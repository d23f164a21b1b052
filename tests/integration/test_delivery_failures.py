"""Messages that are not taken: tried again, given up, sent anew."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from alerts import delivery
from alerts.models import Notification, StaffNotice
from alerts.retries import MOST_ATTEMPTS
from alerts.senders import email
from integrations_health.models import User
from tests import factories
from tests.conftest import NOW
from tests.delivering import SOON, again, hook, waiting
from tests.receivers import MailReceiver, WebReceiver

pytestmark = pytest.mark.django_db


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
    assert notice.message == (
        f"A message to “{made.destination}” could not be delivered: It answered with status 500."
    )
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
    # It took something just now: that it is silent is not what switches it off.
    there = hook(receiver, last_success_at=NOW)
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


@pytest.mark.parametrize(("days", "stays_on"), [(2, True), (4, False)])
def test_who_has_taken_nothing_for_days_is_switched_off_with_the_message_that_dies(
    receiver: WebReceiver, days: int, stays_on: bool
) -> None:
    there = hook(receiver, last_success_at=NOW - timedelta(days=days))
    waiting(destination=there, attempts=MOST_ATTEMPTS - 1, is_collecting=False)
    receiver.answer(503)

    delivery.run("webhook", now=NOW)

    there.refresh_from_db()
    assert there.enabled is stays_on
    told = StaffNotice.objects.filter(kind="destination_disabled")
    assert told.exists() is not stays_on


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


def test_a_message_that_kills_whoever_sends_it_is_given_up(mail_server: MailReceiver) -> None:
    made = waiting(attempts=MOST_ATTEMPTS, is_collecting=False)

    delivery.run("email", now=NOW)

    assert again(made).state == "dead"
    assert mail_server.mails == []


def test_a_mail_that_our_sender_stumbles_over_is_tried_again_and_stops_no_other(
    mail_server: MailReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = waiting(next_attempt_at=NOW - timedelta(seconds=1))
    others = [waiting() for _ in range(3)]
    compose = email.composed
    monkeypatch.setattr(
        email, "composed", lambda one: 1 / 0 if one.id == first.pk else compose(one)
    )

    delivery.run("email", now=NOW)

    assert {again(one).state for one in others} == {"sent"}
    assert (again(first).state, first.attempts) == ("pending", 1)
    assert first.last_error == "Our own sender failed."
    assert len(mail_server.mails) == 3


def test_what_waits_goes_to_the_address_that_its_person_has_by_then(
    mail_server: MailReceiver,
) -> None:
    waiting()
    mail_server.to_recipients.append("451 later")

    delivery.run("email", now=NOW)
    User.objects.update(email="new@example.com")
    delivery.run("email", now=NOW + timedelta(seconds=10))

    assert [to for to, _ in mail_server.mails] == [["new@example.com"]]


def test_a_mail_server_that_is_away_loses_nothing(mail_server: MailReceiver, settings: Any) -> None:
    made = [waiting() for _ in range(3)]
    settings.EMAIL_PORT = 1
    for seconds in (0, 10, 400):
        delivery.run("email", now=NOW + timedelta(seconds=seconds))
    settings.EMAIL_PORT = mail_server.port

    delivery.run("email", now=NOW + timedelta(hours=1))

    ids = {mail["Message-ID"].split("@")[0].strip("<") for _, mail in mail_server.mails}
    assert {UUID(one) for one in ids} == {one.pk for one in made}
    assert len(mail_server.mails) == 3


def test_a_clock_that_was_set_back_stops_no_message(receiver: WebReceiver) -> None:
    there = hook(receiver)
    notice = factories.notice(
        kind="notification_dead", subject=f"destination:{there.pk}", opened_at=SOON
    )
    made = [waiting(destination=one) for one in (there, hook(receiver))]

    delivery.run("webhook", now=NOW)

    assert {again(one).state for one in made} == {"sent"}
    notice.refresh_from_db()
    assert notice.closed_at == SOON


def test_a_dead_message_is_not_sent_anew_twice(receiver: WebReceiver) -> None:
    made = waiting(destination=hook(receiver))
    Notification.objects.filter(pk=made.pk).update(state="dead", is_collecting=False)
    delivery.replay(made, now=NOW)

    with pytest.raises(delivery.NotDead):
        delivery.replay(made, now=NOW)


def test_a_secret_that_cannot_be_read_stops_its_own_message_only(
    receiver: WebReceiver, settings: Any
) -> None:
    unreadable = waiting(destination=hook(receiver))
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    readable = waiting(destination=hook(receiver))

    delivery.run("webhook", now=NOW)

    assert receiver.ids() == [str(readable.pk)]
    assert (again(unreadable).state, unreadable.last_error) == (
        "dead",
        "Its secret cannot be read.",
    )


def test_a_message_that_died_on_its_way_to_a_person_names_them_by_no_address(
    mail_server: MailReceiver,
) -> None:
    owner = factories.user(external_id="app-ann")
    mail_server.to_recipients.append("550 no such user")
    waiting(user=owner)

    delivery.run("email", now=NOW)

    said = StaffNotice.objects.get().message
    assert said.startswith("A message to the user app-ann could not be delivered: ")
    assert owner.email not in said
