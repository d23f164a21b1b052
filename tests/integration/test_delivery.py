"""Messages on their way: taken, sent, marked."""

from datetime import timedelta
from typing import Any

import pytest

from alerts import claims, delivery
from alerts.models import StaffNotice
from integrations_health.models import User
from tests import factories
from tests.conftest import NOW
from tests.delivering import SOON, again, hook, waiting
from tests.receivers import MailReceiver, WebReceiver

pytestmark = pytest.mark.django_db


def test_a_mail_is_sent_once_with_the_id_of_its_row(mail_server: MailReceiver) -> None:
    made = waiting()

    delivery.run("email", now=NOW)
    delivery.run("email", now=SOON)

    ((recipients, mail),) = mail_server.mails
    assert recipients == [made.email]
    assert str(made.pk) in mail["Message-ID"]
    assert (again(made).state, made.sent_at, made.attempts) == ("sent", NOW, 1)
    (item,) = made.items.all()
    assert item.alert is not None
    assert item.alert.sent_at == NOW


def test_what_still_collects_is_not_sent(mail_server: MailReceiver) -> None:
    waiting(collects_until=SOON, next_attempt_at=SOON)

    delivery.run("email", now=NOW)

    assert mail_server.mails == []


def test_one_message_tells_of_all_its_items(mail_server: MailReceiver) -> None:
    made = waiting()
    more = factories.alert(message="Slack via Klavis has failed 3 times in a row.")
    made.items.create(alert=more, event="opened", recipient=made.recipient)

    delivery.run("email", now=NOW)

    ((_, mail),) = mail_server.mails
    assert "Slack via Klavis has failed 3 times in a row." in str(mail)


def test_a_message_whose_worker_died_is_sent_by_another_after_the_lease(
    mail_server: MailReceiver, settings: Any
) -> None:
    made = waiting()
    dead = claims.claim("email", pause_until=NOW, now=NOW)

    delivery.run("email", now=NOW + settings.DELIVERY_LEASE - timedelta(seconds=1))
    too_early = len(mail_server.mails)
    delivery.run("email", now=NOW + settings.DELIVERY_LEASE)

    assert (too_early, len(mail_server.mails)) == (0, 1)
    assert not claims.mark_sent(made.pk, token=dead.token, now=SOON)
    assert (again(made).state, made.attempts) == ("sent", 2)


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
    there = hook(receiver)
    first = waiting(destination=there, next_attempt_at=NOW - timedelta(seconds=1))
    second = waiting(destination=there, is_collecting=False)

    is_more = delivery.run("webhook", now=NOW)

    assert is_more
    # However slow all is, something gets through.
    assert (again(first).state, first.attempts) == ("sent", 1)
    assert (again(second).state, second.attempts, second.lease_token) == ("pending", 0, None)


@pytest.mark.parametrize(
    ("by_now", "why", "is_news"),
    [
        ({"email": ""}, "The person has no e-mail address any more.", True),
        ({"is_active": False}, "The person's account is switched off.", False),
    ],
)
def test_who_cannot_be_told_any_more_is_sent_nothing(
    mail_server: MailReceiver, by_now: dict[str, Any], why: str, is_news: bool
) -> None:
    made = waiting()
    User.objects.update(**by_now)

    delivery.run("email", now=NOW)

    assert mail_server.mails == []
    assert (again(made).state, made.last_error) == ("dead", why)
    # Staff hear of it, unless it is they who wanted it so.
    assert StaffNotice.objects.exists() == is_news
