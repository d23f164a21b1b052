"""The button that checks an integration now, pressed without scripts."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from integrations_health.models import Integration, User
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.watching import health, watch

SECOND = timedelta(seconds=1)


@pytest.fixture
def owner(client: Client) -> User:
    """Return somebody who is signed in."""
    person = factories.user()
    client.force_login(person)
    return person


def press(client: Client, of: Integration) -> str:
    """Press the button, follow to the page, and return it."""
    page = reverse("integration", args=[of.pk])
    answer = client.post(reverse("check-now", args=[of.pk]), {"next": page}, follow=True)
    assert answer.redirect_chain == [(f"{page}#i-{of.pk}", 302)]
    return answer.text


@pytest.mark.django_db(transaction=True)
def test_a_press_checks_and_says_how_it_went(
    client: Client, owner: User, simulator: Simulator
) -> None:
    watched = watch(simulator, simulator.connect("composio", "gmail"), user=owner)

    page = press(client, watched)

    assert "is healthy, checked just now" in page
    assert "Free again in" in page
    assert health(watched).status == "healthy"


@pytest.mark.django_db
def test_a_second_press_within_a_minute_waits(client: Client, owner: User) -> None:
    watched = factories.integration(
        user=owner, status="degraded", error_code="slow", manual_at=datetime.now(UTC)
    )

    assert "was checked a moment ago. Again in" in press(client, watched)


@pytest.mark.django_db
def test_what_worked_a_moment_ago_is_not_asked_again(client: Client, owner: User) -> None:
    watched = factories.integration(
        user=owner, status="healthy", last_check_at=datetime.now(UTC) - 5 * SECOND
    )

    assert "checked within the last minute" in press(client, watched)


@pytest.mark.django_db
def test_what_is_foreign_is_not_checked(client: Client, owner: User) -> None:
    foreign = factories.integration()

    answer = client.post(reverse("check-now", args=[foreign.pk]))

    assert answer.status_code == 404
    assert health(foreign).manual_at is None


@pytest.mark.django_db
def test_nothing_is_checked_by_a_link(client: Client, owner: User) -> None:
    watched = factories.integration(user=owner)

    assert client.get(reverse("check-now", args=[watched.pk])).status_code == 405


@pytest.mark.django_db
def test_a_form_without_its_proof_checks_nothing(owner: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    watched = factories.integration(user=owner)

    assert strict.post(reverse("check-now", args=[watched.pk])).status_code == 403
    assert health(watched).manual_at is None
