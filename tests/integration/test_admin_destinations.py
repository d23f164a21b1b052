"""Destinations in the admin: typed and never read, tried out, switched, their log, their end."""

import logging
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from standardwebhooks.webhooks import Webhook

from alerts import destinations
from alerts.models import Destination, Notification, StaffNotice
from tests import factories
from tests.admin_pages import url
from tests.conftest import NOW
from tests.delivering import hook
from tests.receivers import MailReceiver, WebReceiver
from tests.roles import browser_of, member
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

ADDRESS = "https://hooks.example.com/part-of-a-secret"
SLACK = "https://hooks.slack.com/services/T0/B0/part-of-a-secret"


@pytest.fixture
def operator() -> Client:
    return browser_of(member("operator", username="opal"))


def add(client: Client, **typed: str) -> HttpResponse:
    return client.post(url(Destination, "add"), {"name": "Desk", **typed})  # type: ignore[return-value]


def change(client: Client, there: Destination, **typed: str) -> HttpResponse:
    page = url(Destination, "change", there.pk)
    return client.post(page, {"name": there.name, **typed})  # type: ignore[return-value]


def press(client: Client, verb: str, there: Destination, **typed: Any) -> Any:
    page = reverse(f"admin:alerts_destination_{verb}", args=[there.pk])
    return client.post(page, typed, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def audited() -> list[str]:
    return list(LogEntry.objects.order_by("id").values_list("change_message", flat=True))


def test_a_new_webhook_has_a_secret_of_our_making_that_is_shown_once(
    operator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    answer = add(operator, kind="webhook", new_address=ADDRESS)

    there = Destination.objects.get()
    assert there.address == ADDRESS
    assert str(there.secret) in answer.content.decode()
    assert "never shown again" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert Webhook(there.secret).sign("id", NOW, "body")
    later = operator.get(url(Destination, "change", there.pk)).content.decode()
    assert there.secret not in later
    assert ADDRESS not in later
    assert there.secret not in caplog.text
    assert not any(there.secret in line or ADDRESS in line for line in audited())


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"kind": "email", "email": "desk@example.com"}, ("desk@example.com", "")),
        ({"kind": "slack", "new_address": SLACK}, ("", SLACK)),
    ],
)
def test_a_mailbox_and_a_slack_channel_are_added(
    operator: Client, typed: dict[str, str], stored: tuple[str, str]
) -> None:
    answer = add(operator, **typed)

    there = Destination.objects.get()
    assert answer.status_code == 302
    assert (there.email, there.address, there.secret) == (*stored, "")


@pytest.mark.parametrize(
    ("typed", "field", "problem"),
    [
        ({"kind": "email"}, "email", "Type the e-mail address"),
        ({"kind": "email", "email": "x"}, "email", "valid email"),
        (
            {"kind": "email", "email": "a@example.com", "new_address": ADDRESS},
            "new_address",
            "Leave this empty",
        ),
        ({"kind": "webhook"}, "new_address", "Type the webhook's address"),
        ({"kind": "slack"}, "new_address", "that Slack shows"),
        (
            {"kind": "webhook", "new_address": ADDRESS, "email": "a@example.com"},
            "email",
            "Leave this empty",
        ),
        ({"kind": "webhook", "new_address": "desk"}, "new_address", "type one such as https://"),
        (
            {"kind": "webhook", "new_address": "http://example.com/"},
            "new_address",
            "type https:// instead",
        ),
        (
            {"kind": "webhook", "new_address": "https://169.254.169.254/x"},
            "new_address",
            "inside a private network",
        ),
        ({"kind": "slack", "new_address": ADDRESS}, "new_address", "not at hooks.slack.com"),
        ({"kind": "fax", "new_address": ADDRESS}, "kind", "not one of the available choices"),
    ],
)
def test_what_would_reach_nobody_is_refused_by_its_field(
    operator: Client, typed: dict[str, str], field: str, problem: str
) -> None:
    answer: Any = add(operator, **typed)

    assert answer.status_code == 200
    assert problem in " ".join(answer.context["adminform"].form.errors[field])
    assert not Destination.objects.exists()


def test_a_host_of_one_s_own_that_is_trusted_may_stand_in_for_slack(
    operator: Client, settings: Any
) -> None:
    settings.DELIVERY_TRUSTED_HOSTS = ["chat.internal:8065"]

    add(operator, kind="slack", new_address="http://chat.internal:8065/hooks/1")

    assert Destination.objects.get().address == "http://chat.internal:8065/hooks/1"


def test_an_address_is_kept_when_none_is_typed_and_replaced_when_one_is(operator: Client) -> None:
    there = factories.destination(kind="webhook", address=ADDRESS, secret="whsec_c2VjcmV0")

    change(operator, there, is_for_staff="on")
    there.refresh_from_db()
    kept = (there.address, there.secret, there.is_for_staff)
    change(operator, there, new_address=f"{ADDRESS}/2")
    there.refresh_from_db()

    assert kept == (ADDRESS, "whsec_c2VjcmV0", True)
    assert (there.address, there.secret) == (f"{ADDRESS}/2", "whsec_c2VjcmV0")
    assert audited() == ["Is for staff: no → yes.", "Address was set. Is for staff: yes → no."]


def test_the_kind_stays_what_it_is(operator: Client) -> None:
    there = factories.destination()

    change(operator, there, email=there.email, kind="slack", new_address=SLACK)

    there.refresh_from_db()
    assert (there.kind, there.address) == ("email", "")


def test_no_page_reads_a_secret_of_a_destination(operator: Client) -> None:
    there = factories.destination(kind="webhook", address=ADDRESS, secret="whsec_c2VjcmV0")
    factories.notification(destination=there)

    with CaptureQueriesContext(connection) as queries:
        for page in ("change", "delete", "history"):
            operator.get(url(Destination, page, there.pk))
        operator.get(url(Destination, "changelist"))
        press(operator, "disable", there)
        press(operator, "enable", there)

    read = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    for secret in Destination.SECRETS:
        assert not any(f'"{secret}"' in sql.partition(" FROM ")[0] for sql in read)


def test_a_test_says_what_happened_and_how_long_it_took(
    operator: Client, receiver: WebReceiver
) -> None:
    there = hook(receiver)
    receiver.answer(404)

    refused, taken = press(operator, "test", there), press(operator, "test", there)

    assert "was not taken, after 0." in said(refused)[0]
    assert "It answered with status 404." in said(refused)[0]
    assert "The test was taken, after 0." in said(taken)[0]
    assert audited() == [
        "Tested: It answered with status 404.",
        "Tested: the message was taken.",
    ]


def test_a_mailbox_is_tried_out(operator: Client, mail_server: MailReceiver) -> None:
    press(operator, "test", factories.destination(name="Desk"))

    ((_, mail),) = mail_server.mails
    assert "This is a test" in mail["Subject"]


def test_a_new_secret_is_shown_once_and_both_sign(operator: Client) -> None:
    there = factories.destination(kind="webhook")
    old = there.secret

    answer = press(operator, "rotate", there, rotated_at="")

    there.refresh_from_db()
    assert there.secret != old
    assert there.previous_secret == old
    assert str(there.secret) in answer.content.decode()
    assert "24 hours" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert not any(there.secret in line for line in audited())
    assert there.secret not in str(dict(operator.session))


def test_a_page_that_is_sent_again_makes_no_second_secret(operator: Client) -> None:
    there = factories.destination(kind="webhook")
    press(operator, "rotate", there, rotated_at="")
    there.refresh_from_db()
    first = there.secret

    again = press(operator, "rotate", there, rotated_at="")

    there.refresh_from_db()
    assert there.secret == first
    assert first not in again.content.decode()
    assert "Press again for another one" in said(again)[0]
    page = operator.get(url(Destination, "change", there.pk)).content.decode()
    assert there.secret_rotated_at is not None
    assert f'value="{there.secret_rotated_at.isoformat()}"' in page


def test_only_a_webhook_has_a_secret(operator: Client) -> None:
    there = factories.destination()

    answer = press(operator, "rotate", there, rotated_at="")

    there.refresh_from_db()
    assert there.secret == ""
    assert "Only a webhook" in said(answer)[0]


def test_a_destination_is_switched_off_and_on(operator: Client) -> None:
    there = factories.destination(name="Desk")

    press(operator, "disable", there)
    there.refresh_from_db()
    off = (there.enabled, there.disabled_reason)
    shown = operator.get(url(Destination, "changelist")).content.decode()
    press(operator, "enable", there)
    there.refresh_from_db()

    assert off == (False, "By opal, by hand.")
    assert "By opal, by hand." in shown
    assert there.enabled
    assert not StaffNotice.objects.filter(closed_at=None).exists()
    assert audited() == ["Disabled.", "Enabled."]


def dead(there: Destination, **fields: Any) -> Notification:
    return factories.notification(destination=there, state="dead", is_collecting=False, **fields)


def test_the_log_shows_the_last_messages_with_what_became_of_them(operator: Client) -> None:
    there = factories.destination(kind="webhook")
    dead(there, alert=factories.alert(message="Gmail failed."), last_error="It broke off.")
    factories.notification(destination=there, alert=factories.alert(message="Slack failed."))
    factories.notification(alert=factories.alert(message="Somebody else's."))

    page = operator.get(url(Destination, "change", there.pk)).content.decode()

    for part in ("Gmail failed.", "It broke off.", "Slack failed.", "dead", "collecting"):
        assert part in page
    assert "Somebody else" not in page
    assert page.count("Send again</button>") == 1


def test_the_log_costs_the_same_for_any_number_of_messages(operator: Client) -> None:
    there = factories.destination(kind="webhook")
    costs = []
    for _ in range(2):
        for _ in range(3):
            dead(there)
        with counted_statements() as statements:
            operator.get(url(Destination, "change", there.pk))
        costs.append(len(statements))

    assert costs[0] == costs[1]


def test_a_dead_message_is_sent_again_once_in_a_new_one(operator: Client) -> None:
    there = factories.destination(kind="webhook")
    gone = dead(there)

    first = press(operator, "replay", there, message=str(gone.pk))
    second = press(operator, "replay", there, message=str(gone.pk))

    assert "1 sent again" in said(first)[0]
    assert "1 not sent again: sent anew before" in said(second)[0]
    anew = Notification.objects.exclude(pk=gone.pk).get()
    assert anew.replays == gone
    assert audited() == [f"Sent again, as message {anew.pk}."]


def test_several_are_sent_again_at_once_and_only_those_of_this_destination(
    operator: Client,
) -> None:
    there, other = (factories.destination(kind="webhook") for _ in range(2))
    own, foreign = [dead(there) for _ in range(3)], dead(other)

    answer = press(operator, "replay", there, ids=[str(one.pk) for one in [*own, foreign]])

    assert "3 sent again" in said(answer)[0]
    assert set(Notification.objects.exclude(replays=None).values_list("replays", flat=True)) == {
        one.pk for one in own
    }


def test_nothing_is_sent_again_to_what_is_off(operator: Client) -> None:
    there = factories.destination(kind="webhook")
    gone = dead(there)
    destinations.disable(there, "gone", now=NOW)

    answer = press(operator, "replay", there, message=str(gone.pk))

    assert "Enable it first" in said(answer)[0]
    assert not Notification.objects.filter(replays=gone).exists()


def test_what_is_in_use_is_not_deleted_and_says_by_what(operator: Client) -> None:
    there = factories.destination(name="Desk")
    rule = factories.rule(name="Three failures", destination=there)
    factories.notification(destination=there)

    page = operator.get(url(Destination, "delete", there.pk)).content.decode()
    operator.post(url(Destination, "delete", there.pk), {"post": "yes"})

    assert "The rule “Three failures”" in page
    assert url(type(rule), "change", rule.pk) in page
    assert "give it another one first" in page
    assert "Disable it instead" in page
    assert Destination.objects.filter(pk=there.pk).exists()


def test_what_nobody_uses_is_deleted(operator: Client) -> None:
    there = factories.destination()

    operator.post(url(Destination, "delete", there.pk), {"post": "yes"})

    assert not Destination.objects.exists()


VERBS = ("test", "rotate", "enable", "disable", "replay")


@pytest.mark.parametrize("verb", VERBS)
def test_support_sees_destinations_and_presses_nothing(verb: str) -> None:
    there = factories.destination(kind="webhook", name="Desk")
    support = browser_of(member("support"))

    page = support.get(url(Destination, "change", there.pk))

    assert page.status_code == 200
    assert f"/{verb}/" not in page.content.decode()
    assert press(support, verb, there).status_code == 403


@pytest.mark.parametrize("verb", VERBS)
def test_no_button_works_by_get_without_a_token_or_without_a_row(
    operator: Client, verb: str
) -> None:
    there = factories.destination(kind="webhook")
    page = reverse(f"admin:alerts_destination_{verb}", args=[there.pk])
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.staff())
    there_not = reverse(f"admin:alerts_destination_{verb}", args=[factories.notice().pk])

    assert operator.get(page).status_code == 405
    assert strict.post(page).status_code == 403
    assert operator.post(there_not).status_code == 404


def test_a_list_is_not_filtered_by_a_secret(operator: Client) -> None:
    factories.destination(kind="webhook", address=ADDRESS)

    answer = operator.get(
        f"{url(Destination, 'changelist')}?{urlencode({'address__startswith': 'https'})}"
    )

    assert answer.status_code in {302, 400}
