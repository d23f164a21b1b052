"""Alerts on the status page and on the page of an integration, and the button that takes them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from alerts import lifecycle
from alerts.models import Alert
from integrations_health.models import Integration, User
from tests import factories
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
HOSTILE = '"><script>alert(1)</script>{{ 7|add:7 }}'


@pytest.fixture
def owner(client: Client) -> User:
    """Return somebody who is signed in."""
    person = factories.user(timezone="Europe/Berlin")
    client.force_login(person)
    return person


@pytest.fixture
def watched(owner: User) -> Integration:
    """Return what the person has: it fails."""
    return factories.integration(
        user=owner, status="unhealthy", error_code="timeout", last_check_at=datetime.now(UTC)
    )


def page(client: Client, of: Integration) -> str:
    return client.get(reverse("integration", args=[of.pk])).text


def told(of: Integration, *, at: datetime, **fields: object) -> Alert:
    made = factories.alert(
        **{"integration": of, "created_at": at, "told_at": at, "sent_at": at, **fields}
    )
    factories.notification(alert=made, state="sent", sent_at=at)
    return made


def test_a_row_says_what_is_open_and_when_its_owner_was_told(
    client: Client, watched: Integration
) -> None:
    at = datetime(2026, 1, 14, 13, 2, tzinfo=UTC)
    told(watched, at=at)

    body = client.get("/").text

    assert f'href="/integrations/{watched.pk}/#alerts"' in body
    assert "1 open alert</a>" in body
    assert "You were told by e-mail on <time" in body
    assert ">14 Jan, 14:02</time>." in body


def test_a_row_says_why_nobody_was_told(client: Client, watched: Integration) -> None:
    for _ in range(2):
        factories.alert(integration=watched, held_back="silence")

    body = client.get("/").text

    assert "2 open alerts</a>" in body
    assert "Not sent, because it is silenced." in body


def test_what_is_over_or_anothers_is_on_no_row(client: Client, watched: Integration) -> None:
    factories.alert(integration=watched, resolved_at=datetime.now(UTC) + MINUTE)
    factories.alert()

    assert "open alert" not in client.get("/").text


@pytest.mark.parametrize("path", ["/", "detail"])
def test_a_page_costs_the_same_statements_for_one_alert_and_for_many(
    client: Client, watched: Integration, path: str
) -> None:
    address = "/" if path == "/" else reverse("integration", args=[watched.pk])

    def cost(number: int) -> int:
        for _ in range(number):
            told(watched, at=datetime.now(UTC))
            told(watched, at=datetime.now(UTC) - MINUTE, resolved_at=datetime.now(UTC))
        with counted_statements() as sent:
            client.get(address)
        return len(sent)

    cost(1)
    assert cost(1) == cost(12)


def test_the_page_shows_what_is_open_what_is_over_and_why(
    client: Client, watched: Integration
) -> None:
    now = datetime.now(UTC)
    held = factories.alert(
        integration=watched,
        message="It failed 3 times.",
        created_at=now - 26 * MINUTE,
        held_back="cooldown",
        held_until=now + 20 * MINUTE,
    )
    told(watched, at=now - 90 * MINUTE, resolved_at=now - 60 * MINUTE, message="It was slow.")

    body = page(client, watched)

    for said in (
        "Critical",
        "It failed 3 times.",
        "for 26 min",
        "Not sent, because the same was told not long ago, until <time",
        "If it is still so then, it is sent.",
        "It was slow.",
        "30 min. You were told by e-mail",
        reverse("acknowledge-alert", args=[held.pk]),
    ):
        assert said in body


def test_the_card_of_what_happens_next_says_who_is_told(
    client: Client, watched: Integration
) -> None:
    quiet = page(client, watched)
    factories.alert(integration=watched, held_back="maintenance")

    told = page(client, watched)

    assert "Nobody yet: no alert is open." in quiet
    next_card = told[told.index('id="next"') : told.index('id="days"')]
    assert "Not sent, because maintenance is going on." in next_card


def test_what_works_has_no_word_of_alerts_in_its_card(client: Client, owner: User) -> None:
    body = page(client, factories.integration(user=owner, status="healthy"))

    assert "Who is told" not in body
    assert "None is open." in body


def test_who_acknowledges_goes_back_to_the_page_and_is_told(
    client: Client, watched: Integration
) -> None:
    one = factories.alert(integration=watched)
    back = reverse("integration", args=[watched.pk])

    answer = client.post(reverse("acknowledge-alert", args=[one.pk]), {"next": back}, follow=True)

    one.refresh_from_db()
    assert one.acknowledged_by == watched.user
    assert answer.redirect_chain == [(f"{back}#alerts", 302)]
    assert "Noted: you look after it now." in answer.text
    assert "By you, since" in answer.text
    assert reverse("acknowledge-alert", args=[one.pk]) not in answer.text


def test_what_was_done_already_is_said(client: Client, watched: Integration) -> None:
    def press(alert: Alert) -> str:
        back = reverse("integration", args=[watched.pk])
        path = reverse("acknowledge-alert", args=[alert.pk])
        return client.post(path, {"next": back}, follow=True).text

    mine, theirs = (factories.alert(integration=watched) for _ in range(2))
    over = factories.alert(integration=watched, resolved_at=datetime.now(UTC) + MINUTE)
    kim = factories.staff(username="kim", email="kim@example.com")
    lifecycle.acknowledge([mine.pk], by=watched.user)
    lifecycle.acknowledge([theirs.pk], by=kim, note="Ask their admin.")

    assert "You look after it already." in press(mine)
    assert "It is over already" in press(over)
    said = press(theirs)
    assert "Our support looks after it already." in said
    assert "By our support, since" in said
    assert "kim" not in said
    assert "Ask their admin" not in said


def test_what_is_anothers_is_as_if_it_did_not_exist(client: Client, owner: User) -> None:
    foreign = factories.alert()

    answers = [client.post(reverse("acknowledge-alert", args=[pk])) for pk in (foreign.pk, uuid4())]

    assert [answer.status_code for answer in answers] == [404, 404]
    foreign.refresh_from_db()
    assert foreign.acknowledged_at is None


def test_a_link_acknowledges_nothing(client: Client, watched: Integration) -> None:
    one = factories.alert(integration=watched)

    assert client.get(reverse("acknowledge-alert", args=[one.pk])).status_code == 405


def test_a_form_of_another_page_acknowledges_nothing(watched: Integration) -> None:
    one = factories.alert(integration=watched)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(watched.user)

    answer = browser.post(reverse("acknowledge-alert", args=[one.pk]))

    assert answer.status_code == 403


def test_what_is_said_of_alerts_is_text_whatever_it_contains(
    client: Client, watched: Integration
) -> None:
    one = told(watched, at=datetime.now(UTC), message=HOSTILE)
    lifecycle.acknowledge([one.pk], by=watched.user, note=HOSTILE)

    for body in (page(client, watched), client.get("/").text):
        assert "<script>alert" not in body
    assert "{{ 7|add:7 }}" in page(client, watched)


@pytest.mark.parametrize("path", ["/", "detail"])
def test_a_page_knows_by_the_api_whether_it_is_still_true(
    client: Client, watched: Integration, path: str
) -> None:
    one = told(watched, at=datetime.now(UTC))
    told(watched, at=datetime.now(UTC) - MINUTE)
    address = "/" if path == "/" else reverse("integration", args=[watched.pk])
    body = client.get(address).text
    asked = _attribute(body, "data-alerts")
    mark = {"If-None-Match": _attribute(body, "data-mark")}

    before = client.get(asked, headers=mark)
    lifecycle.acknowledge([one.pk], by=watched.user)
    after = client.get(asked, headers=mark)

    assert (before.status_code, after.status_code) == (304, 200)


def _attribute(body: str, name: str) -> str:
    value = body.split(f'{name}="', 1)[1].split('"', 1)[0]
    return value.replace("&amp;", "&").replace("&quot;", '"')
