"""An escalation never overtakes its opening, and both in one message are one line of it."""

from datetime import timedelta

import pytest

from alerts import delivery
from alerts.models import Alert, Decision, Notification
from tests import factories
from tests.conftest import NOW
from tests.delivering import end, hears, hook, plan
from tests.receivers import MailReceiver, WebReceiver

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def alert(**fields: object) -> Alert:
    return factories.alert(created_at=NOW - MINUTE, **fields)


def message_of(of: Alert, event: str) -> Notification:
    return Notification.objects.get(items__alert=of, items__event=event)


def test_an_escalation_that_was_not_taken_is_not_told_after_the_all_clear(
    receiver: WebReceiver,
) -> None:
    there, one = hook(receiver), alert()
    plan(one, "opened", to=there)
    delivery.run("webhook", now=NOW + MINUTE)
    plan(one, "escalated", to=there, at=NOW + 2 * MINUTE)
    receiver.answer(503)
    delivery.run("webhook", now=NOW + 3 * MINUTE)
    end(one, to=there, at=NOW + 4 * MINUTE)

    while delivery.run("webhook", now=NOW + 2 * HOUR):
        pass

    assert [event for event, _ in hears(receiver)] == ["opened", "escalated", "recovered"]


def test_an_escalation_waits_for_an_opening_that_is_tried_again(receiver: WebReceiver) -> None:
    there, one = hook(receiver), alert()
    for _ in range(3):
        receiver.answer(503)
    plan(one, "opened", to=there)
    for seconds in (60, 66):
        delivery.run("webhook", now=NOW + timedelta(seconds=seconds))
    plan(one, "escalated", to=there, at=NOW + 2 * MINUTE)

    while delivery.run("webhook", now=NOW + 3 * MINUTE):
        pass
    meanwhile = hears(receiver)
    while delivery.run("webhook", now=NOW + 40 * MINUTE):
        pass

    # There was more to tell, so the opening was tried a third time, and at its next turn again.
    assert meanwhile == [("opened", str(one.pk))] * 3
    assert hears(receiver)[3:] == [("opened", str(one.pk)), ("escalated", str(one.pk))]


def test_an_old_opening_joins_its_escalation_and_is_one_line_of_it(
    mail_server: MailReceiver,
) -> None:
    one = alert(message="Gmail via Composio has failed 9 times in a row.")
    plan(one, "opened")
    mail_server.to_mails += ["451 later"]
    delivery.run("email", now=NOW + MINUTE)
    plan(one, "escalated", at=NOW + HOUR)

    while delivery.run("email", now=NOW + HOUR + MINUTE):
        pass

    ((_, mail),) = mail_server.mails
    assert mail["Subject"] == "Gmail via Composio is failing"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert text.count("has failed 9 times") == 1
    assert message_of(one, "opened").state == "sent"
    line = Decision.objects.get(alert=one).reason
    assert line.startswith(
        "Tells the owner by e-mail in one message that it began and became worse"
    )


def test_what_began_and_became_worse_within_a_message_is_one_line(receiver: WebReceiver) -> None:
    there, one = hook(receiver), alert()
    plan(one, "opened", to=there)
    plan(one, "escalated", to=there, at=NOW + timedelta(seconds=5))

    delivery.run("webhook", now=NOW + MINUTE)

    assert hears(receiver) == [("opened", str(one.pk))]


def test_the_escalation_of_an_opening_that_died_says_that_it_opened(receiver: WebReceiver) -> None:
    there, one = hook(receiver, last_success_at=NOW), alert()
    for _ in range(3):
        receiver.answer(400)
    plan(one, "opened", to=there)
    for minutes in (1, 2, 10):
        delivery.run("webhook", now=NOW + minutes * MINUTE)
    plan(one, "escalated", to=there, at=NOW + 11 * MINUTE)
    delivery.run("webhook", now=NOW + 12 * MINUTE)
    end(one, to=there, at=NOW + 13 * MINUTE)
    delivery.run("webhook", now=NOW + 14 * MINUTE)

    assert message_of(one, "opened").state == "dead"
    # What told that it began is no longer owed by the all-clear.
    assert hears(receiver)[3:] == [("opened", str(one.pk)), ("recovered", str(one.pk))]
    one.refresh_from_db()
    assert one.sent_at == NOW + 12 * MINUTE


def test_senders_that_were_away_tell_a_chain_of_news_in_one_message(
    receiver: WebReceiver,
) -> None:
    there, first, second = hook(receiver), alert(), alert()
    plan(first, "opened", to=there)
    Notification.objects.update(is_collecting=False)
    plan(second, "opened", to=there, at=NOW + MINUTE)
    plan(first, "escalated", to=there, at=NOW + MINUTE)
    Notification.objects.update(is_collecting=False)
    end(second, to=there, at=NOW + 2 * MINUTE)
    end(first, to=there, at=NOW + 2 * MINUTE)

    while delivery.run("webhook", now=NOW + 3 * HOUR):
        pass

    assert sorted(hears(receiver)) == sorted(("whole", str(one.pk)) for one in (first, second))
    assert Notification.objects.get().state == "sent"
    assert Decision.objects.filter(alert=first).count() == 1
