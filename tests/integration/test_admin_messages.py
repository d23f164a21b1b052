"""Messages in the admin: found, shown without what is secret, sent again; and notices to staff."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts import destinations, notices
from alerts.models import Destination, Notification, StaffNotice
from integrations_health import clock
from tests import factories
from tests.admin_pages import url
from tests.conftest import NOW
from tests.roles import browser_of, member
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

BODY = "body-part-of-a-secret"


@pytest.fixture
def operator() -> Client:
    return browser_of(member("operator"))


def dead(**fields: Any) -> Notification:
    return factories.notification(state="dead", is_collecting=False, **fields)


def listed(client: Client, **query: str) -> list[Any]:
    answer: Any = client.get(url(Notification, "changelist"), query)
    return list(answer.context["cl"].result_list)


def text(client: Client, row: Any) -> str:
    return client.get(url(type(row), "change", row.pk)).content.decode()


def run(client: Client, model: type[Any], action: str, *rows: Any) -> list[str]:
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    answer: Any = client.post(url(model, "changelist"), chosen, follow=True)
    return [str(message) for message in answer.context["messages"]]


def test_messages_are_found_by_their_id_and_by_whom_they_went_to(operator: Client) -> None:
    person = factories.user(username="margarete", email="grete@example.com")
    hers = factories.notification(
        alert=factories.alert(integration=factories.integration(user=person))
    )
    desk = factories.notification(destination=factories.destination(name="Desk of ops"))

    assert listed(operator, q="margarete") == listed(operator, q="grete@example.com") == [hers]
    assert listed(operator, q="desk") == [desk]
    assert listed(operator, q=f" {desk.pk} ") == [desk]
    assert listed(operator, q="nobody") == []


@pytest.mark.parametrize("query", [{"state": "dead"}, {"channel": "webhook"}])
def test_messages_are_chosen_by_state_and_channel(operator: Client, query: dict[str, str]) -> None:
    factories.notification()
    wanted = dead(destination=factories.destination(kind="webhook"))

    assert listed(operator, **{f"{key}__exact": value for key, value in query.items()}) == [wanted]


def test_a_list_of_messages_costs_the_same_for_any_number(operator: Client) -> None:
    costs = []
    for _ in range(2):
        for _ in range(4):
            dead(destination=factories.destination(kind="slack"))
            factories.notification()
        with counted_statements() as statements:
            operator.get(url(Notification, "changelist"))
        costs.append(len(statements))

    assert costs[0] == costs[1]


def test_the_newest_messages_are_read_from_an_index() -> None:
    rows = Notification.objects.order_by("-created_at", "-id")

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is always scanned
    plan = rows[:50].explain()

    assert "idx_notifications_newest" in plan
    assert "Sort" not in plan


def test_a_message_shows_what_it_tells_and_what_became_of_it(operator: Client) -> None:
    there = factories.destination(kind="slack", name="Ops", address="https://x/part-of-a-secret")
    alert = factories.alert(message="Gmail via Composio failed.")
    made = dead(destination=there, alert=alert, body=BODY, attempts=3, last_error="Broke off.")

    with CaptureQueriesContext(connection) as queries:
        page = text(operator, made)

    for part in ("Ops", "dead", "Gmail via Composio failed.", "Broke off.", "Send it again"):
        assert part in page
    assert url(type(alert), "change", alert.pk) in page
    assert "part-of-a-secret" not in page
    read = [query["sql"].partition(" FROM ")[0] for query in queries]
    assert not any(f'"{name}"' in sql for name in ("address", "secret", "body") for sql in read)


def test_a_replay_and_what_it_sends_again_lead_to_each_other(operator: Client) -> None:
    gone = dead(alert=factories.alert(message="Gmail via Composio failed."))
    button = reverse("admin:alerts_notification_replay", args=[gone.pk])

    operator.post(button)
    operator.post(button)

    anew = Notification.objects.exclude(pk=gone.pk).get()
    assert url(Notification, "change", anew.pk) in text(operator, gone)
    assert url(Notification, "change", gone.pk) in text(operator, anew)
    assert "Gmail via Composio failed." in text(operator, anew)
    assert LogEntry.objects.get().change_message == f"Sent again, as message {anew.pk}."


def test_dead_messages_are_sent_again_by_the_list_and_others_are_not(operator: Client) -> None:
    gone, waiting = dead(), factories.notification()
    joined = dead()
    joined.items.all().delete()

    said = run(operator, Notification, "replay", gone, waiting, joined)

    assert said == [
        "1 sent again, with new ids: within seconds.",
        "2 not sent again: sent anew before, not dead, or told in another message since.",
    ]


def test_support_sends_nothing_again(operator: Client) -> None:
    support, gone = browser_of(member("support")), dead()

    answer = support.post(reverse("admin:alerts_notification_replay", args=[gone.pk]))
    run(support, Notification, "replay", gone)

    assert answer.status_code == 403
    assert "Send it again" not in text(support, gone)
    assert Notification.objects.get() == gone


def test_a_get_sends_nothing_again(operator: Client) -> None:
    gone = dead()

    answer = operator.get(reverse("admin:alerts_notification_replay", args=[gone.pk]))

    assert answer.status_code == 405


def test_open_notices_come_first(operator: Client) -> None:
    closed = factories.notice(opened_at=NOW, closed_at=NOW + timedelta(days=1))
    still_open = factories.notice(opened_at=NOW - timedelta(days=9))

    answer: Any = operator.get(url(StaffNotice, "changelist"))
    only_open: Any = operator.get(url(StaffNotice, "changelist"), {"state": "open"})

    assert list(answer.context["cl"].result_list) == [still_open, closed]
    assert list(only_open.context["cl"].result_list) == [still_open]


@pytest.mark.parametrize("kind", StaffNotice.Kind.values)
def test_every_kind_of_notice_says_what_to_do(operator: Client, kind: str) -> None:
    there = factories.destination()
    subjects = {
        "destination_disabled": str(there.pk),
        "notification_dead": f"destination:{there.pk}",
    }
    notice = factories.notice(kind=kind, subject=subjects.get(kind, "composio"))

    page = text(operator, notice)

    assert "What to do" in page
    assert "Nothing: it is over" not in page
    assert (url(Destination, "change", there.pk) in page) is (kind in subjects)


def test_a_notice_about_a_person_s_messages_leads_to_them(operator: Client) -> None:
    gone = dead()
    notice = factories.notice(kind="notification_dead", subject=gone.recipient)

    page = text(operator, notice)

    assert f"recipient__exact={gone.recipient}" in page
    assert listed(operator, recipient__exact=gone.recipient) == [gone]


def test_a_notice_is_closed_by_hand_and_what_goes_on_opens_a_new_one(operator: Client) -> None:
    notice = factories.notice(kind="notification_dead", subject="user:1")

    said = run(operator, StaffNotice, "close", notice)
    run(operator, StaffNotice, "close", notice)
    notices.open_notice(StaffNotice.Kind.NOTIFICATION_DEAD, "user:1", "Again.", now=NOW)

    notice.refresh_from_db()
    assert notice.closed_at is not None
    assert said == ["1 closed. What goes on opens a new notice."]
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Closed by hand."]
    assert StaffNotice.objects.filter(closed_at=None).get().message == "Again."


def test_support_closes_no_notice() -> None:
    notice = factories.notice()

    run(browser_of(member("support")), StaffNotice, "close", notice)

    notice.refresh_from_db()
    assert notice.closed_at is None


def test_a_destination_that_was_switched_off_is_enabled_where_its_notice_leads(
    operator: Client,
) -> None:
    there = factories.destination()
    destinations.disable(there, "It answered with status 410.", now=clock.now())
    notice = StaffNotice.objects.get()

    operator.post(reverse("admin:alerts_destination_enable", args=[there.pk]))

    assert "Nothing: it is over." in text(operator, notice)


def test_a_log_says_of_an_end_that_it_ended(staff: Client) -> None:
    opened = factories.alert(message="Gmail has failed 3 times in a row.", resolved_at=NOW)
    desk = factories.destination()
    factories.notification(alert=opened, event="recovered", destination=desk)
    pages = [url(Destination, "change", desk.pk), url(Notification, "changelist")]

    by_hand = [staff.get(page).content.decode() for page in pages]
    factories.alert(
        integration=opened.integration,
        alert_type="recovered",
        recovers=opened,
        resolved_at=NOW,
        message="Gmail works again, after 26 min.",
    )
    by_itself = [staff.get(page).content.decode() for page in pages]

    assert all("recovered: It is over: Gmail has failed 3 times" in page for page in by_hand)
    assert all("recovered: Gmail works again, after 26 min." in page for page in by_itself)
