"""The buttons and the delivery log of a destination, and why it is not deleted."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from alerts import destinations
from alerts.models import Destination, Notification, StaffNotice
from tests import factories
from tests.admin_pages import url
from tests.conftest import NOW
from tests.delivering import hook
from tests.pressing import audited, press, said
from tests.receivers import MailReceiver, WebReceiver
from tests.roles import browser_of, member
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return browser_of(member("operator", username="opal"))


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
    operator.get(url(Destination, "change", there.pk))  # what a process remembers from then on
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
