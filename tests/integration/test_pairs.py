"""No news of an alert overtakes an earlier one; what waited for an hour is told with the next."""

from datetime import timedelta

import pytest

from alerts import delivery, planning
from alerts.models import Alert, Decision, Notification
from alerts.pairs import JOINED, WAITS
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


def test_the_all_clear_follows_an_alarm_that_waits_for_its_retry(receiver: WebReceiver) -> None:
    there, one = hook(receiver), alert()
    for _ in range(2):
        receiver.answer(503)
    plan(one, "opened", to=there)
    delivery.run("webhook", now=NOW + MINUTE)
    delivery.run("webhook", now=NOW + MINUTE + timedelta(seconds=6))
    retried_at = message_of(one, "opened").next_attempt_at
    end(one, to=there, at=NOW + 2 * MINUTE)
    at = NOW + 3 * MINUTE

    while delivery.run("webhook", now=at):
        pass

    assert retried_at > at
    assert hears(receiver)[2:] == [("opened", str(one.pk)), ("recovered", str(one.pk))]
    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}


def test_while_the_alarm_is_not_taken_the_all_clear_waits_and_says_so(
    receiver: WebReceiver,
) -> None:
    there, one = hook(receiver), alert()
    for _ in range(3):
        receiver.answer(503)
    plan(one, "opened", to=there)
    for seconds in (60, 66):
        delivery.run("webhook", now=NOW + timedelta(seconds=seconds))
    end(one, to=there, at=NOW + 2 * MINUTE)

    while delivery.run("webhook", now=NOW + 3 * MINUTE):
        pass

    clear, alarm = message_of(one, "recovered"), message_of(one, "opened")
    assert [event for event, _ in hears(receiver)] == ["opened"] * 3
    assert (clear.state, clear.attempts, clear.last_error) == ("pending", 0, WAITS)
    # The retry is due after half an hour, within the hour in which it is an alarm.
    assert clear.next_attempt_at == alarm.next_attempt_at


def test_after_an_hour_without_a_mail_server_one_mail_tells_it_all(
    mail_server: MailReceiver,
) -> None:
    one = alert(message="Gmail via Composio has failed 3 times in a row.")
    plan(one, "opened")
    alarm = message_of(one, "opened")
    mail_server.to_mails += ["451 later"] * 3
    for minutes in (1, 2, 10):
        delivery.run("email", now=NOW + minutes * MINUTE)
    end(one, at=NOW + 20 * MINUTE)

    while delivery.run("email", now=NOW + HOUR):
        pass

    ((_, mail),) = mail_server.mails
    assert mail["Subject"] == "Gmail via Composio was down for 21 min, and works again"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert "It was: Gmail via Composio has failed 3 times in a row." in text
    assert text.count("From Fri 14 Mar 2031") == 1
    alarm.refresh_from_db()
    assert (alarm.state, alarm.attempts, alarm.last_error) == ("dead", 3, JOINED)
    one.refresh_from_db()
    assert one.sent_at == NOW + HOUR
    line = Decision.objects.get(alert=one)
    assert line.reason.startswith(
        "Tells the owner by e-mail in one message that it began and ended"
    )
    with pytest.raises(delivery.NotDead):
        delivery.replay(alarm, now=NOW + HOUR)


def test_senders_that_were_away_tell_it_all_in_one_and_nothing_is_left(
    receiver: WebReceiver,
) -> None:
    there, one = hook(receiver, name="Desk"), alert()
    plan(one, "opened", to=there)
    Notification.objects.update(is_collecting=False)
    end(one, to=there, at=NOW + 5 * MINUTE)

    delivery.run("webhook", now=NOW + 2 * HOUR)

    assert hears(receiver) == [("whole", str(one.pk))]
    assert Notification.objects.get().state == "sent"
    assert "“Desk”" in Decision.objects.get(alert=one).reason


def test_what_else_an_old_alarm_tells_goes_along(receiver: WebReceiver) -> None:
    there, over, lasting = hook(receiver), alert(), alert()
    plan(over, "opened", to=there)
    plan(lasting, "opened", to=there)
    receiver.answer(503)
    delivery.run("webhook", now=NOW + MINUTE)
    end(over, to=there, at=NOW + 2 * MINUTE)

    while delivery.run("webhook", now=NOW + HOUR):
        pass

    assert sorted(hears(receiver)[2:]) == sorted(
        [("whole", str(over.pk)), ("opened", str(lasting.pk))]
    )
    # Bytes that were sent once are sent no more: what is new in them has an id of its own.
    assert len({*receiver.ids()}) == len(receiver.requests) == 2


def test_an_all_clear_that_still_collects_is_sent_with_the_old_alarm(
    receiver: WebReceiver,
) -> None:
    there, one = hook(receiver), alert()
    plan(one, "opened", to=there)
    receiver.answer(503)
    delivery.run("webhook", now=NOW + HOUR - timedelta(seconds=10))
    end(one, to=there, at=NOW + HOUR - timedelta(seconds=1))
    at = NOW + HOUR

    while delivery.run("webhook", now=at):
        pass

    assert hears(receiver)[1:] == [("whole", str(one.pk))]


def test_the_all_clear_of_an_alarm_that_died_says_it_all(receiver: WebReceiver) -> None:
    there, one = hook(receiver, last_success_at=NOW), alert()
    for _ in range(3):
        receiver.answer(400)
    plan(one, "opened", to=there)
    for minutes in (1, 2, 10):
        delivery.run("webhook", now=NOW + minutes * MINUTE)
    end(one, to=there, at=NOW + 11 * MINUTE)

    while delivery.run("webhook", now=NOW + 12 * MINUTE):
        pass

    assert message_of(one, "opened").state == "dead"
    assert hears(receiver)[3:] == [("whole", str(one.pk))]


def test_the_all_clear_of_an_alarm_that_was_replayed_is_only_an_all_clear(
    receiver: WebReceiver,
) -> None:
    there, one = hook(receiver), alert()
    plan(one, "opened", to=there)
    Notification.objects.update(state="dead", is_collecting=False)
    delivery.replay(message_of(one, "opened"), now=NOW + MINUTE)
    delivery.run("webhook", now=NOW + MINUTE)
    end(one, to=there, at=NOW + 2 * MINUTE)

    delivery.run("webhook", now=NOW + 3 * MINUTE)

    assert hears(receiver) == [("opened", str(one.pk)), ("recovered", str(one.pk))]


def test_what_began_and_ended_within_a_message_is_one_line(receiver: WebReceiver) -> None:
    there, one = hook(receiver), alert()
    plan(one, "opened", to=there)
    end(one, to=there, at=NOW + timedelta(seconds=5))

    delivery.run("webhook", now=NOW + MINUTE)

    assert hears(receiver) == [("whole", str(one.pk))]


def test_a_notice_to_staff_is_paired_too(receiver: WebReceiver) -> None:
    there, notice = hook(receiver), factories.notice(opened_at=NOW - MINUTE)
    who = planning.destination(there.pk, "webhook")
    planning.plan([planning.Item(who, "opened", notice_id=notice.pk)], now=NOW)
    Notification.objects.update(is_collecting=False)
    planning.plan([planning.Item(who, "recovered", notice_id=notice.pk)], now=NOW + MINUTE)

    delivery.run("webhook", now=NOW + 2 * HOUR)

    assert b'"tellsOpening": true' in receiver.requests[0].body
    assert len(receiver.requests) == 1
