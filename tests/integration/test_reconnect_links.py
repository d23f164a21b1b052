"""Links that were sent to an owner: what opening one does, whose it is, and for how long."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations_health import reauth_offers, reauth_requests, reauth_tokens
from integrations_health.models import Integration, ReauthAttempt, ReauthRequest, User
from integrations_health.providers.simulator import Simulator
from integrations_health.reauth_tokens import Kind
from tests import factories
from tests.reconnecting import consent, dead, expired, link_for, page_of, read

pytestmark = pytest.mark.django_db
IN_14_DAYS = timedelta(days=14)


@pytest.fixture
def owner() -> User:
    return factories.user(timezone="Europe/Berlin")


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def everything() -> tuple[int, int, list[Any]]:
    rows = Integration.objects.order_by("pk").values_list("server_instance_id", "updated_at")
    return ReauthRequest.objects.count(), ReauthAttempt.objects.count(), list(rows)


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_a_link_does_nothing(browser: Client, owner: User, method: str) -> None:
    watched = dead(user=owner)
    link = link_for(watched)
    before = everything()

    with CaptureQueriesContext(connection) as asked:
        answers = [
            getattr(browser, method)(link),
            # A scanner of mails, which is nobody.
            getattr(Client(), method)(link),
        ]

    written = [q["sql"] for q in asked if re.match(r"\s*(INSERT|UPDATE|DELETE)", q["sql"])]
    assert [answer.status_code for answer in answers] == [200, 302]
    assert everything() == before
    assert written == []


def test_a_link_leads_to_the_sign_in_first(owner: User) -> None:
    link = link_for(dead(user=owner))

    answer = Client().get(link)

    assert answer["Location"] == f"/sign-in/?next={link}"


def test_nothing_is_begun_without_the_proof_that_the_form_is_ours(owner: User) -> None:
    watched = dead(user=owner)
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)

    answers = [client.post(page_of(watched)), client.post(link_for(watched))]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert not ReauthAttempt.objects.exists()


def test_every_link_that_is_not_yours_is_the_same_404(browser: Client, owner: User) -> None:
    watched, foreign = dead(user=owner), dead()
    mine = reauth_tokens.read(Kind.LINK, link_for(watched).split("/")[2])
    links = [
        link_for(foreign),
        # Ours, but of no request, of another's integration, of another person.
        *(
            f"/reconnect/{reauth_tokens.sign(Kind.LINK, one)}/"
            for one in (
                mine._replace(nonce=uuid4()),
                mine._replace(integration_id=foreign.pk),
                mine._replace(user_id=foreign.user_id),
            )
        ),
        f"/reconnect/{reauth_tokens.sign(Kind.STATE, mine)}/",
        "/reconnect/forged.forged/",
        f"/integrations/{foreign.pk}/reconnect/",
        f"/integrations/{uuid4()}/reconnect/",
        "/reconnect/back/forged.forged/?status=success",
        f"/reconnect/back/{reauth_tokens.sign(Kind.STATE, mine)}/?status=success",
    ]
    headers = {"X-Request-ID": "same"}

    answers = [browser.get(link, headers=headers) for link in links]
    posted = [browser.post(link, headers=headers) for link in links if "/back/" not in link]

    assert {answer.status_code for answer in answers + posted} == {404}
    assert len({answer.content for answer in answers + posted}) == 1
    assert len({str(sorted(answer.headers.items())) for answer in answers}) == 1


def test_a_used_link_leads_on_when_the_grant_died_again(browser: Client, owner: User) -> None:
    watched = dead(user=owner)
    link = link_for(watched)
    ReauthRequest.objects.update(closed_at=datetime.now(UTC), new_instance_id="ca_9")

    shown = read(browser.get(link))

    assert "This link did its work" in shown
    assert f'href="{page_of(watched)}">To the page for reconnecting' in shown


def test_a_link_is_good_for_fourteen_days(browser: Client, owner: User) -> None:
    watched = dead(user=owner)
    asked = datetime.now(UTC) - IN_14_DAYS
    link = link_for(watched, now=asked)

    shown = read(browser.get(link))
    posted = browser.post(link)

    assert "This link was good for 14 days" in shown
    assert '<form method="post">' not in shown
    assert "To the page for reconnecting" in read(posted)
    assert not ReauthAttempt.objects.exists()


def test_asking_for_the_head_of_a_way_back_uses_nothing_up(
    browser: Client, owner: User, simulator: Simulator
) -> None:
    watched = expired(simulator, user=owner)
    location = consent(browser.post(page_of(watched))["Location"])

    answer = browser.head(location)

    assert answer.status_code == 200
    assert not ReauthAttempt.objects.exclude(used_at=None).exists()


def test_the_addresses_that_workers_write_are_those_of_the_pages(owner: User) -> None:
    watched = dead(user=owner)
    token = reauth_requests.open_for({watched.pk: owner.pk})[watched.pk]

    assert reauth_offers.page(watched.pk) == (
        f"{settings.PUBLIC_URL}{reverse('reconnect', args=[watched.pk])}"
    )
    assert reauth_requests.link(token) == (
        f"{settings.PUBLIC_URL}"
        f"{reverse('reconnect-link', args=[reauth_tokens.sign(Kind.LINK, token)])}"
    )
