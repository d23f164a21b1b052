"""Support sends an owner a link once more: when the one before leads nowhere any longer."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from alerts import delivery, reconnects
from alerts.models import Alert, Notification, NotificationItem
from integrations_health.models import ReauthRequest, User
from tests import factories
from tests.acting import act, said, ticked
from tests.receivers import MailReceiver, text_of
from tests.reconnecting import dead, link_for
from tests.sessions import at_once
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
LONG_AGO = datetime.now(UTC) - timedelta(days=15)
A_DAY_AGO = datetime.now(UTC) - timedelta(days=1)
SOON = timedelta(minutes=2)
LINK = re.compile(r"https://health\.example\.com/reconnect/\S+")


@pytest.fixture
def by() -> User:
    return factories.staff()


def asked(by: User, at: datetime) -> Alert:
    """Make an alert whose owner was sent a link by support, which no mail server took yet."""
    alert = factories.alert(integration=dead(), error_code="auth_expired")
    assert reconnects.ask([alert.pk], by=by, now=at).alert_ids == [alert.pk]
    return alert


def sent(by: User, at: datetime) -> Alert:
    """Make an alert whose owner got a link at a time, as far as our rows know."""
    alert = asked(by, at - SOON)
    link_for(alert.integration, now=at)
    Notification.objects.update(state="sent", is_collecting=False, sent_at=at, attempts=1)
    return alert


def undelivered(by: User, at: datetime) -> Alert:
    """Make an alert whose owner should have got a link that no mail server took."""
    alert = asked(by, at)
    Notification.objects.update(state="dead", is_collecting=False, attempts=9)
    return alert


def delivered_anew(by: User, at: datetime) -> Alert:
    """Make an alert of which what was given up waits to be sent again."""
    alert = undelivered(by, at)
    delivery.replay(Notification.objects.get(), now=at)
    return alert


def used(by: User, at: datetime) -> Alert:
    """Make an alert whose owner connected again by the link, and it died once more."""
    alert = sent(by, at)
    ReauthRequest.objects.update(closed_at=at, new_instance_id="ca_9")
    return alert


def without_a_link(by: User, at: datetime) -> Alert:
    """Make an alert whose owner got a mail that asked for nothing, as in a storm."""
    alert = sent(by, at)
    ReauthRequest.objects.all().delete()
    return alert


def begun_since(by: User, at: datetime) -> Alert:
    """Make an alert whose owner got such a mail, and opened the page without one since."""
    alert = without_a_link(by, at)
    link_for(alert.integration)
    return alert


def test_a_link_that_has_run_out_is_followed_by_a_new_one(
    by: User, mail_server: MailReceiver
) -> None:
    alert = asked(by, LONG_AGO)
    delivery.run("email", now=LONG_AGO + SOON)

    again = reconnects.ask([alert.pk], by=by)
    delivery.run("email", now=datetime.now(UTC) + SOON)

    old, new = (LINK.findall(text_of(mail)) for _, mail in mail_server.mails)
    assert again.alert_ids == [alert.pk]
    assert len(old) == len(new) == 1
    assert old != new
    assert ReauthRequest.objects.get(closed_at=None).expires_at > datetime.now(UTC)
    # What was told, and when, stays on record.
    assert NotificationItem.objects.filter(alert=alert, event="asked").count() == 2


@pytest.mark.parametrize("before", [used, undelivered, without_a_link, begun_since])
def test_an_owner_without_a_link_that_works_is_sent_one(
    before: Callable[[User, datetime], Alert], by: User
) -> None:
    alert = before(by, A_DAY_AGO)

    assert reconnects.ask([alert.pk], by=by).alert_ids == [alert.pk]
    assert Notification.objects.filter(state="pending").count() == 1


@pytest.mark.parametrize("before", [asked, sent, delivered_anew])
def test_an_owner_with_a_link_that_works_or_is_on_its_way_is_sent_no_other(
    before: Callable[[User, datetime], Alert], by: User
) -> None:
    alert = before(by, A_DAY_AGO)

    again = reconnects.ask([alert.pk], by=by)

    assert again.alert_ids == []
    assert again.passed_over == ["1 sent one before that still works, or is on its way"]
    assert NotificationItem.objects.count() == 1


def test_a_message_that_waits_for_weeks_is_followed_by_none(by: User) -> None:
    alert = asked(by, LONG_AGO)

    assert reconnects.ask([alert.pk], by=by).alert_ids == []


def test_who_is_switched_off_is_sent_no_new_one_either(by: User) -> None:
    gone, mute = sent(by, LONG_AGO), sent(by, LONG_AGO)
    User.objects.filter(pk=gone.user_id).update(is_active=False)
    User.objects.filter(pk=mute.user_id).update(email="")

    again = reconnects.ask([gone.pk, mute.pk], by=by)

    assert again.alert_ids == []
    assert again.passed_over == ["2 whose owner has no e-mail address, or is switched off"]


def test_the_admin_sends_a_new_one_and_shows_both(staff: Client, by: User) -> None:
    alert = sent(by, LONG_AGO)

    answer = act(staff, "send-link", **ticked(alert), confirmed="yes")
    twice = act(staff, "send-link", **ticked(alert), confirmed="yes")

    assert said(answer) == ["1 owner is sent a link to reconnect."]
    assert said(twice) == [
        "0 owners are sent a link to reconnect. "
        "Passed over: 1 sent one before that still works, or is on its way."
    ]
    page = staff.get(f"/admin/alerts/alert/{alert.pk}/change/").content.decode()
    assert "Asked to reconnect, to the owner: sent at the 1st attempt." in page
    assert "Asked to reconnect, to the owner: goes out at" in page


def test_a_link_is_sent_as_often_as_the_one_before_runs_out(by: User) -> None:
    alert = asked(by, LONG_AGO - timedelta(days=30))
    for at in (LONG_AGO - timedelta(days=30), LONG_AGO):
        link_for(alert.integration, now=at)
        Notification.objects.filter(state="pending").update(
            state="sent", is_collecting=False, sent_at=at
        )
        reconnects.ask([alert.pk], by=by, now=at + timedelta(days=14, minutes=1))

    items = NotificationItem.objects.filter(alert=alert).order_by("pk")
    assert list(items.values_list("repeats", flat=True)) == [0, 1, 2]


def test_many_cost_as_many_statements_as_one(by: User) -> None:
    one, many = [sent(by, LONG_AGO)], [sent(by, LONG_AGO) for _ in range(20)]

    with counted_statements() as few:
        reconnects.ask([alert.pk for alert in one], by=by)
    with counted_statements() as more:
        again = reconnects.ask([alert.pk for alert in many], by=by)

    assert len(again.alert_ids) == 20
    assert len(more) <= len(few) <= 16


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_send_one_new_one(by: User) -> None:
    alert = sent(by, LONG_AGO)
    counts: list[int] = []

    at_once(4, lambda _: counts.append(len(reconnects.ask([alert.pk], by=by).alert_ids)))

    assert sorted(counts) == [0, 0, 0, 1]
    assert NotificationItem.objects.filter(alert=alert).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_for_two_alerts_of_an_integration_send_one(by: User) -> None:
    watched = dead()
    alerts = [factories.alert(integration=watched, error_code="auth_expired") for _ in range(2)]
    counts: list[int] = []

    def press(number: int) -> None:
        counts.append(len(reconnects.ask([alerts[number].pk], by=by).alert_ids))

    at_once(2, press)

    assert sorted(counts) == [0, 1]
    assert NotificationItem.objects.filter(event="asked").count() == 1
