"""Destinations in the admin are typed and never read."""

import logging
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks.webhooks import Webhook

from alerts.models import Destination
from tests import factories
from tests.admin_pages import url
from tests.conftest import NOW
from tests.pressing import audited, press
from tests.roles import browser_of, member

pytestmark = pytest.mark.django_db

ADDRESS = "https://hooks.example.com/part-of-a-secret"
SLACK = "https://hooks.slack.com/services/T0/B0/part-of-a-secret"


@pytest.fixture
def operator() -> Client:
    return browser_of(member("operator"))


def add(client: Client, **typed: str) -> HttpResponse:
    return client.post(url(Destination, "add"), {"name": "Desk", **typed})  # type: ignore[return-value]


def change(client: Client, there: Destination, **typed: str) -> HttpResponse:
    page = url(Destination, "change", there.pk)
    return client.post(page, {"name": there.name, **typed})  # type: ignore[return-value]


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


def test_a_list_is_not_filtered_by_a_secret(operator: Client) -> None:
    factories.destination(kind="webhook", address=ADDRESS)

    answer = operator.get(
        f"{url(Destination, 'changelist')}?{urlencode({'address__startswith': 'https'})}"
    )

    assert answer.status_code in {302, 400}
