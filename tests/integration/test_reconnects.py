"""Support sends owners a link to reconnect: to whom, to whom not and why, and what it says."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from alerts import delivery, reconnects
from alerts.models import Alert, Decision, Notification, NotificationItem
from integrations_health.models import ReauthRequest
from integrations_health.outcomes import Outcome
from tests import factories
from tests.acting import act, said, ticked
from tests.alarms import check
from tests.conftest import NOW
from tests.receivers import MailReceiver, WebReceiver, text_of
from tests.reconnecting import dead, dying
from tests.roles import browser_of, member
from tests.sessions import at_once
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=2)


def alert_of(**fields: Any) -> Alert:
    """Make an open alert about a grant that died."""
    return factories.alert(integration=dead(**fields), error_code="auth_expired")


def links() -> list[str]:
    items = NotificationItem.objects.filter(event="asked").order_by("pk")
    return list(items.values_list("recipient", flat=True))


def test_support_sends_a_link_and_it_stays_on_record(staff_roles: None) -> None:
    alert = alert_of()
    support = browser_of(member("support"))

    answer = act(support, "send-link", only=f"alert:{alert.pk}")

    assert said(answer) == ["1 owner is sent a link to reconnect."]
    assert links() == [f"user:{alert.user_id}"]
    assert LogEntry.objects.get(object_id=alert.pk).change_message == "Send re-auth link."
    decision = Decision.objects.get(alert=alert)
    assert (decision.verdict, decision.reason) == ("told", reconnects.SENT)
    page = support.get(f"/admin/alerts/alert/{alert.pk}/change/").content.decode()
    assert "Asked to reconnect, to the owner: goes out at" in page


def test_to_many_it_asks_first(staff: Client) -> None:
    one, other = alert_of(), alert_of()

    asked = act(staff, "send-link", **ticked(one, other))
    done = act(staff, "send-link", **ticked(one, other), confirmed="yes")

    assert (
        "Each owner whom reconnecting helps gets an e-mail that asks them to."
        in asked.content.decode()
    )
    assert said(done) == ["2 owners are sent a link to reconnect."]
    assert len(links()) == 2


def test_a_whole_group_is_sent_it(staff: Client) -> None:
    group = {f"user:{alert_of().user_id}" for _ in range(3)}
    alert_of(service="slack")

    done = act(staff, "send-link", only="cause:composio/gmail/auth_expired", confirmed="yes")

    assert said(done) == ["3 owners are sent a link to reconnect."]
    assert set(links()) == group


def test_who_is_not_sent_one_is_said_with_the_reason(staff: Client) -> None:
    owner = factories.user()
    over, well = alert_of(), factories.alert(integration=factories.integration(status="healthy"))
    plain, silenced = alert_of(provider="mcp"), alert_of(service="calendar")
    mute, before, mine = alert_of(user=factories.user(email="")), alert_of(), dead(user=owner)
    off = alert_of(user=factories.user(is_active=False))
    twins = [factories.alert(integration=mine, error_code="auth_expired") for _ in range(2)]
    Alert.objects.filter(pk=over.pk).update(resolved_at=datetime(2040, 1, 1, tzinfo=UTC))
    factories.silence(service="calendar")
    act(staff, "send-link", only=f"alert:{before.pk}")
    chosen = [over, well, plain, silenced, mute, off, before, *twins]

    done = act(staff, "send-link", **ticked(*chosen), confirmed="yes")

    assert said(done) == [
        "1 owner is sent a link to reconnect. Passed over: 1 resolved before, "
        "1 that reconnecting would not mend, 1 of a provider without a sign-in, "
        "1 silenced or in maintenance, 2 whose owner has no e-mail address, or is switched off, "
        "1 sent one before that still works, or is on its way, "
        "1 of a connection that is in it already."
    ]


def test_in_a_storm_nobody_is_sent_one(staff: Client) -> None:
    alerts = [alert_of(last_check_at=datetime.now(UTC)) for _ in range(5)]

    done = act(staff, "send-link", **ticked(*alerts), confirmed="yes")

    assert said(done) == [
        "0 owners are sent a link to reconnect. Passed over: 5 on hold, since too many fail at "
        "once for it to be their owners'."
    ]
    assert not Notification.objects.exists()


def test_many_cost_as_many_statements_as_one() -> None:
    by = factories.staff()
    one, many = [alert_of()], [alert_of() for _ in range(20)]

    with counted_statements() as few:
        reconnects.ask([alert.pk for alert in one], by=by)
    with counted_statements() as more:
        asked = reconnects.ask([alert.pk for alert in many], by=by)

    assert len(asked.alert_ids) == 20
    assert len(more) <= len(few) <= 16


@pytest.mark.django_db(transaction=True)
def test_two_who_press_at_once_send_one() -> None:
    alert, by = alert_of(), factories.staff()
    sent: list[int] = []

    at_once(4, lambda _: sent.append(len(reconnects.ask([alert.pk], by=by).alert_ids)))

    assert sorted(sent) == [0, 0, 0, 1]
    assert len(links()) == 1


def test_the_mail_holds_a_link_of_the_owners_own(mail_server: MailReceiver) -> None:
    alert = alert_of(display_name="Work mail")
    reconnects.ask([alert.pk], by=factories.staff())
    assert not ReauthRequest.objects.exists()

    delivery.run("email", now=datetime.now(UTC) + SOON)

    ((to, mail),) = mail_server.mails
    text = text_of(mail)
    request = ReauthRequest.objects.get()
    assert to == [alert.user.email]
    assert mail["Subject"] == "Work mail waits for you to reconnect it: the connection expired"
    assert "Reconnect: https://health.example.com/reconnect/" in text
    assert (request.user, request.integration) == (alert.user, alert.integration)
    # Nobody heard yet that it failed: this mail did not say so.
    assert Alert.objects.get().sent_at is None


def test_what_works_again_meanwhile_asks_for_nothing(mail_server: MailReceiver) -> None:
    alert = alert_of()
    reconnects.ask([alert.pk], by=factories.staff())
    check(alert.integration, at=NOW)

    delivery.run("email", now=NOW + SOON)

    ((_, mail),) = mail_server.mails
    text = text_of(mail)
    assert "/reconnect/" not in text
    assert "it is over" in text


def test_programs_are_told_where_the_owner_reconnects(receiver: WebReceiver, settings: Any) -> None:
    hook = factories.destination(kind="webhook", address=receiver.url)
    watched = dead(user=factories.user())
    told = factories.alert(integration=watched, error_code="auth_expired")
    factories.notification(alert=told, destination=hook, is_collecting=False)

    delivery.run("webhook", now=datetime.now(UTC) + SOON)

    body = json.loads(receiver.requests[0].body)
    assert (
        body["data"]["reauthUrl"] == f"{settings.PUBLIC_URL}/integrations/{watched.pk}/reconnect/"
    )
    assert not ReauthRequest.objects.exists()


def test_a_missing_permission_is_mended_by_the_owner_too() -> None:
    watched = factories.integration(**dying(Outcome.PERMISSION, "degraded"))
    alert = factories.alert(integration=watched, error_code="permission")

    assert reconnects.ask([alert.pk], by=factories.staff()).alert_ids == [alert.pk]
