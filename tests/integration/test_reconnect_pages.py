"""The pages on which somebody connects again: before, at the button, and after."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from integrations_health.models import Integration, ReauthAttempt, ReauthRequest, User
from integrations_health.outcomes import Outcome
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.reconnecting import consent, dead, dying, expired, link_for, page_of, read
from tests.watching import health

pytestmark = pytest.mark.django_db
IN_14_DAYS = timedelta(days=14)


@pytest.fixture
def owner() -> User:
    return factories.user(timezone="Europe/Berlin")


@pytest.fixture
def browser(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def test_the_page_says_what_why_and_since_when_and_has_one_button(
    browser: Client, owner: User
) -> None:
    watched = dead(user=owner, display_name="Work mail")

    shown = read(browser.get(page_of(watched)))

    assert '<h1 id="headline">Reconnect Work mail</h1>' in shown
    assert "Gmail through Composio" in shown
    assert "The connection expired or was revoked." in shown
    assert "<dt>Since</dt>" in shown
    assert shown.count('<button class="btn primary') == 1


def test_somebody_goes_away_and_is_back(
    simulator: Simulator, transactional_db: None, owner: User, browser: Client
) -> None:
    watched = expired(simulator, user=owner)
    link = link_for(watched)

    away = browser.post(link)
    location = consent(away["Location"])
    back = browser.get(location)
    shown = read(browser.get(back["Location"]))

    assert away["Location"].startswith(f"{simulator.base_url}/link/")
    assert back["Location"] == page_of(watched)
    assert health(watched).status == "healthy"
    assert "You are back" in shown
    assert "gmail works again" in shown.lower()
    # Who goes back in the browser, or opens the mail again.
    again = browser.get(browser.get(location)["Location"])
    assert "You had come back by that way already" in read(again)
    used = read(browser.get(link))
    assert "This link did its work" in used
    assert '<form method="post">' not in used
    assert browser.post(link).status_code == 200
    assert ReauthAttempt.objects.count() == 1


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ({"last_check_at": None, "status": "unknown", "error_code": ""}, "It is being checked now"),
        ({}, "It is being checked now"),
        ({"last_check_at": "now", "metadata": {"outcome": "pending"}}, "It is being checked now"),
        (
            {"last_check_at": "now", "metadata": {"outcome": "auth_expired"}},
            "is connected, but does not work yet",
        ),
        (
            {"last_check_at": "now", "error_code": "timeout", "metadata": {"outcome": "timeout"}},
            "The provider did not answer in time.",
        ),
        (
            {"last_check_at": "now", "status": "healthy", "error_code": "", "metadata": {},
             "consecutive_failures": 0},
            "You are back",
        ),
    ],
    ids=["never", "before", "pending", "dead", "timeout", "healthy"],
)  # fmt: skip
def test_who_is_back_hears_what_the_first_check_found(
    browser: Client, owner: User, after: dict[str, Any], says: str
) -> None:
    done_at = datetime.now(UTC) - timedelta(minutes=1)
    now = {"last_check_at": datetime.now(UTC)} if after.get("last_check_at") == "now" else {}
    watched = dead(user=owner, **after | now)
    asked = ReauthRequest.objects.create(
        integration=watched, user=owner, expires_at=done_at, opened_at=done_at,
        closed_at=done_at, new_instance_id="ca_9",
    )  # fmt: skip
    assert asked.is_done

    assert says in read(browser.get(page_of(watched)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"status": "healthy", "error_code": "", "consecutive_failures": 0},
            "nothing to reconnect",
        ),
        ({"error_code": "timeout"}, "would not help"),
        ({"enabled": False}, "is paused"),
        ({"provider": "mcp"}, "cannot be reconnected here"),
    ],
)
def test_where_it_would_mend_nothing_there_is_no_button(
    browser: Client, owner: User, fields: dict[str, Any], says: str
) -> None:
    watched = dead(user=owner, **fields)

    shown = read(browser.get(page_of(watched)))
    pressed = browser.post(page_of(watched))

    assert says in shown
    assert '<form method="post">' not in shown
    assert pressed["Location"] == page_of(watched)
    assert not ReauthRequest.objects.exists()


def test_in_an_outage_nobody_is_asked_to_reconnect(browser: Client, owner: User) -> None:
    watched = dead(user=owner)
    factories.incident()

    page, status, detail = (
        read(browser.get(path)) for path in (page_of(watched), "/", f"/integrations/{watched.pk}/")
    )

    assert "Wait with reconnecting" in page
    assert not any(page_of(watched) in shown for shown in (status, detail))
    assert not any("Reconnect it." in shown for shown in (status, detail.split("Why we think")[0]))


@pytest.mark.parametrize("outcome", ["auth_expired", "disconnected", "permission"])
def test_the_one_act_is_to_reconnect_where_the_grant_is_the_fault(
    browser: Client, owner: User, outcome: str
) -> None:
    watched = factories.integration(user=owner, **dying(Outcome(outcome)))

    status, detail = read(browser.get("/")), read(browser.get(f"/integrations/{watched.pk}/"))

    assert f'href="{page_of(watched)}" aria-label="Gmail: Reconnect">Reconnect</a>' in status
    assert "data-check=" not in status
    assert f'href="{page_of(watched)}">Reconnect Gmail</a>' in detail
    assert "Press Reconnect" in status
    assert "Press Reconnect" in detail


def test_a_provider_that_does_not_answer_is_said_on_the_page(
    browser: Client, owner: User, simulator: Simulator
) -> None:
    watched = expired(simulator, user=owner)
    location = consent(browser.post(page_of(watched))["Location"])
    simulator.answers("composio", "500")

    pressed = read(browser.post(page_of(watched), follow=True))
    back = read(browser.get(location))

    assert "Composio gives no link right now" in pressed
    assert "Composio does not answer" in back
    state = urlsplit(location)
    assert f"{state.path}?" in back


@pytest.mark.parametrize(
    ("answer", "query", "says"),
    [
        ("deny", "", "it was not allowed at Composio"),
        ("allow", "&connected_account_id=ca_nobody", "is not this person&#x27;s"),
    ],
)
def test_what_did_not_come_about_is_said_with_what_to_do(
    browser: Client, owner: User, simulator: Simulator, answer: str, query: str, says: str
) -> None:
    watched = expired(simulator, user=owner)
    location = consent(browser.post(page_of(watched))["Location"], answer) + query

    back = browser.get(location)

    assert says in read(browser.get(back["Location"]))
    assert Integration.objects.get(pk=watched.pk).server_instance_id == watched.server_instance_id


def test_the_way_to_the_provider_and_nothing_else_is_added_to_the_policy(
    browser: Client, owner: User, simulator: Simulator
) -> None:
    watched = expired(simulator, user=owner)

    policy, usual = (
        dict(
            part.strip().partition(" ")[::2]
            for part in browser.get(path)["Content-Security-Policy"].split(";")
        )
        for path in (page_of(watched), "/")
    )

    assert policy.pop("form-action") == f"'self' https: {simulator.base_url}"
    assert usual.pop("form-action") == "'self'"
    assert policy == usual


def test_whatever_it_is_called_the_page_shows_it_as_text(browser: Client, owner: User) -> None:
    nasty = "<script>alert(1)</script>\"'>{{ 7 }}"
    watched = dead(user=owner, display_name=nasty, service="x<b>y")

    shown = read(browser.get(page_of(watched)))

    assert nasty not in shown
    assert "<b>" not in shown.split("<main")[1]
