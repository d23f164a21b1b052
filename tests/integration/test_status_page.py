"""The status page and what its forms do, as one person and as another."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations_health.feed import MOST_IDS
from integrations_health.models import Integration, User
from integrations_health.providers.simulator import Simulator
from tests import factories

pytestmark = pytest.mark.django_db
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 }}\u202egpj"


@pytest.fixture
def owner(client: Client) -> User:
    """Return somebody who is signed in."""
    user = factories.user(timezone="Europe/Berlin")
    client.force_login(user)
    return user


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def healthy(user: User, **fields: object) -> Integration:
    now = timezone.now()
    return factories.integration(
        **{"user": user, "status": "healthy", "last_check_at": now, "status_since": now, **fields}
    )


def test_the_page_costs_the_same_number_of_queries_for_one_and_for_many(
    client: Client, owner: User
) -> None:
    healthy(owner)
    page(client)
    with CaptureQueriesContext(connection) as one:
        page(client)
    for number in range(20):
        healthy(owner, service=f"service-{number}")

    with CaptureQueriesContext(connection) as many:
        page(client)

    assert len(many) == len(one) <= 10


def test_who_has_nothing_is_told_what_to_do_next(client: Client, owner: User) -> None:
    assert "Connect Gmail, Google Calendar, Slack" in page(client)


def test_the_title_and_the_icon_carry_the_count_of_what_fails(client: Client, owner: User) -> None:
    healthy(owner)
    healthy(owner, status="unhealthy", error_code="auth_expired", service="slack")

    shown = page(client)

    assert "<title>(1) My integrations" in shown
    assert 'href="/favicon.svg?failing=1"' in shown


def test_a_filter_of_the_address_works_without_scripts(client: Client, owner: User) -> None:
    healthy(owner, display_name="Fine")
    healthy(owner, display_name="Broken", status="unhealthy", error_code="timeout")

    shown = page(client, "?show=failing")

    assert "Broken" in shown
    assert "<h3>Fine" not in shown
    assert "Nothing unstable" in page(client, "?show=unstable")


def test_the_page_knows_whom_its_filter_hides_and_how_many_a_socket_follows(
    client: Client, owner: User
) -> None:
    fine = healthy(owner, state_version=7)
    broken = healthy(owner, status="unhealthy", error_code="timeout")

    shown = page(client, "?show=failing")

    assert f'data-hidden="{fine.pk}:7"' in shown
    assert f'data-id="{broken.pk}"' in shown
    assert f'data-most="{MOST_IDS}"' in shown
    assert "data-hidden" not in page(client)


def test_an_unknown_choice_is_as_if_it_was_not_made(client: Client, owner: User) -> None:
    healthy(owner, display_name="Fine")

    assert "Fine" in page(client, "?show=nonsense&range=1000y&sort=%00&by=<script>")


@pytest.mark.parametrize("field", ["display_name", "service", "provider"])
def test_what_somebody_else_wrote_becomes_no_element(
    client: Client, owner: User, field: str
) -> None:
    healthy(owner, **{field: NASTY[:50]})

    shown = page(client)

    assert "<script>alert" not in shown
    assert "<img" not in shown


@pytest.mark.parametrize(
    ("provider", "service", "who"),
    [
        ("composio", "gmail", "Gmail through Composio"),
        ("composio", "", "Composio"),
        ("", "gmail", "Gmail"),
    ],
)
def test_a_row_under_an_incident_says_whom_the_incident_concerns(
    client: Client, owner: User, provider: str, service: str, who: str
) -> None:
    healthy(owner)
    factories.incident(provider=provider, service=service)

    assert f"<b>{who} is failing for everyone.</b>" in page(client)


def test_another_person_sees_nothing_of_it(client: Client, owner: User) -> None:
    watched = healthy(factories.user(), display_name="Somebody's own")

    shown = page(client)

    assert "Somebody" not in shown
    assert str(watched.pk) not in shown


def test_the_page_is_kept_by_no_cache(client: Client, owner: User) -> None:
    assert "no-store" in client.get("/")["Cache-Control"]
    assert "private" in client.get("/")["Cache-Control"]


def test_times_are_the_persons_and_tell_utc(client: Client, owner: User) -> None:
    at = timezone.now()
    healthy(owner, last_check_at=at)

    shown = page(client)

    times = re.findall(r'title="([\d-]+ [\d:]+ UTC)"[^>]*>(\d\d:\d\d)<', shown)
    assert times
    for utc, local in times:
        shift = (int(local[:2]) - int(utc[11:13])) % 24
        assert shift in {1, 2}


@pytest.mark.django_db(transaction=True)
def test_check_now_checks_and_says_what_was_found(
    client: Client, owner: User, simulator: Simulator, redis: object
) -> None:
    account = simulator.connect("composio", "gmail", user_id="u1", script="ok")
    watched = factories.integration(
        user=owner, server_instance_id=account.id, provider_user_id="u1"
    )

    answer = client.post(f"/integrations/{watched.pk}/check/", {"next": "/?sort=name"})

    assert (answer.status_code, answer["Location"]) == (302, f"/?sort=name#i-{watched.pk}")
    assert "Gmail is healthy, checked just now." in page(client)


def test_a_check_under_an_incident_says_what_the_row_says(client: Client, owner: User) -> None:
    watched = healthy(owner)
    factories.incident(provider="composio")

    client.post(f"/integrations/{watched.pk}/check/")

    assert "Gmail is degraded, checked within the last minute." in page(client)


def test_a_second_check_within_the_minute_is_refused_with_its_time(
    client: Client, owner: User
) -> None:
    watched = healthy(owner, status="unhealthy", error_code="timeout", manual_at=timezone.now())

    client.post(f"/integrations/{watched.pk}/check/")

    shown = page(client)
    assert re.search(r"Gmail was checked a moment ago\. Again in \d+ s\.", shown)
    assert "data-free-at" in shown


def test_nobody_checks_what_is_not_theirs(client: Client, owner: User) -> None:
    foreign = factories.integration()

    answer = client.post(f"/integrations/{foreign.pk}/check/")

    assert answer.status_code == 404
    foreign.health.refresh_from_db()
    assert foreign.health.check_seq == 0


def test_the_time_zone_is_kept_and_a_wrong_one_is_named(client: Client, owner: User) -> None:
    client.post("/preferences/time-zone/", {"timezone": "Asia/Kathmandu"})
    client.post("/preferences/time-zone/", {"timezone": "Mars/Olympus"})

    owner.refresh_from_db()
    assert owner.timezone == "Asia/Kathmandu"
    assert "Mars/Olympus is not a time zone; type one such as Europe/Berlin." in page(client)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_no_form_leads_elsewhere(client: Client, owner: User, elsewhere: str) -> None:
    answer = client.post("/preferences/theme/", {"theme": "dark", "next": elsewhere})

    assert answer["Location"] == "/"


def test_the_theme_is_in_the_page_before_any_script_runs(client: Client) -> None:
    client.post("/preferences/theme/", {"theme": "dark", "next": "/sign-in/"})

    assert 'data-theme="dark"' in client.get("/sign-in/").content.decode()


def test_a_cooldown_that_is_over_is_not_shown(client: Client, owner: User) -> None:
    healthy(owner, manual_at=timezone.now() - timedelta(minutes=2))

    assert "data-free-at" not in page(client)
