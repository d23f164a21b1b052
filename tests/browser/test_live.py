"""The status page hears of changes by WebSocket, from the real server."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect
from redis import Redis

from integrations_health import live
from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.browser.conftest import sign_in

# A page of a thousand rows is the same, and slow.
AS_IF_A_SOCKET_FOLLOWED_ONE = """
    document.addEventListener("readystatechange", () => {
        for (const line of document.querySelectorAll("[data-most]")) line.dataset.most = "1";
    });
"""


@pytest.fixture
def watched(person: User, redis: Redis) -> Integration:
    """Return the person's one integration, which works."""
    now = timezone.now()
    return factories.integration(
        user=person,
        status="healthy",
        last_check_at=now - timedelta(minutes=4),
        status_since=now - timedelta(days=1),
        next_check_at=now + timedelta(minutes=1),
        state_version=7,
    )


def change(watched: Integration, **fields: object) -> None:
    """Change the row as a recorded check does, and tell."""
    HealthCheck.objects.filter(integration=watched).update(
        state_version=F("state_version") + 1, last_check_at=timezone.now(), **fields
    )
    # Playwright's loop is in this thread.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(_push, watched).result()


def _push(watched: Integration) -> None:
    live.push({watched.pk: watched.user_id})
    connection.close()


def test_a_failure_and_a_recovery_appear_by_themselves(
    opened: Callable[..., Page], watched: Integration
) -> None:
    page = opened()
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_have_text(re.compile(r"^Live, updated \d+ s ago$"))
    expect(page.locator(".row [data-last]")).to_have_text("4 min ago")

    change(watched, status="unhealthy", error_code="disconnected", consecutive_failures=2)

    expect(page.locator(".row .pill")).to_have_text("Unhealthy")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reconnect it.")
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", re.compile("failing=1"))
    expect(page.locator("[data-announce]")).to_contain_text("Your Gmail account was disconnected")
    expect(page.locator(".row [data-last]")).to_have_text(re.compile(r"^\d+ s ago$"))

    change(watched, status="healthy", error_code="", consecutive_failures=0)

    expect(page.get_by_role("heading", level=1)).to_have_text("Gmail works.")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", "/favicon.svg")


def test_check_now_answers_in_place_and_counts_its_cooldown_down(
    opened: Callable[..., Page], watched: Integration
) -> None:
    HealthCheck.objects.filter(integration=watched).update(
        status="unhealthy", error_code="timeout", manual_at=timezone.now() - timedelta(seconds=50)
    )
    page = opened()
    sign_in(page)
    button = page.locator("[data-check]")
    expect(button).to_have_text(re.compile(r"^Check in \d+ s$"))
    expect(button).to_have_text("Check now")
    page.route(
        "**/health/check",
        lambda route: route.fulfill(
            status=200,
            json={"cached": False, "current": {"status": "healthy", "errorCode": None}},
        ),
    )

    button.click()

    expect(page.locator("[data-announce]")).to_have_text("Gmail is healthy.")
    expect(button).to_have_text(re.compile(r"^Check in \d+ s$"))


def test_the_button_keeps_the_focus_when_its_row_is_new(
    opened: Callable[..., Page], watched: Integration
) -> None:
    page = opened()
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_have_text(re.compile("^Live"))
    page.locator("[data-check]").focus()

    change(watched, status="unhealthy", error_code="timeout", error_message="No answer in time.")

    expect(page.locator(".row .why")).to_be_visible()
    expect(page.locator("[data-check]")).to_be_focused()


def test_a_page_whose_session_ended_elsewhere_says_so_and_asks_no_more(
    opened: Callable[..., Page], watched: Integration
) -> None:
    page = opened()
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_have_text(re.compile("^Live"))
    other = page.context.new_page()
    other.goto("/")

    other.get_by_role("button", name="Sign out").click()

    # In peace: a refused attempt would complain in the console.
    expect(page.locator("[data-live-text]")).to_have_text(re.compile("^Not live"))


def test_what_a_filter_hides_appears_when_it_fits(
    opened: Callable[..., Page], watched: Integration
) -> None:
    page = opened()
    sign_in(page)
    page.goto("/?show=failing")
    expect(page.locator("[data-live-text]")).to_have_text(re.compile(r"^Live"))
    expect(page.locator(".row")).to_have_count(0)

    change(watched, status="unhealthy", error_code="timeout", consecutive_failures=3)

    expect(page.locator(".row .pill")).to_have_text("Unhealthy")

    change(watched, status="healthy", error_code="", consecutive_failures=0)

    expect(page.locator(".row")).to_have_count(0)


def test_beyond_what_a_socket_follows_the_page_says_so_and_looks_itself(
    opened: Callable[..., Page], person: User, watched: Integration
) -> None:
    now = timezone.now()
    last = factories.integration(
        user=person,
        display_name="Z, the last of all",
        status="healthy",
        last_check_at=now,
        next_check_at=now + timedelta(hours=1),
    )
    page = opened()
    page.clock.install()
    page.add_init_script(AS_IF_A_SOCKET_FOLLOWED_ONE)
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_have_text(
        re.compile(r"^1 of 2 are live; looking at all again in \d+ s$")
    )
    HealthCheck.objects.filter(integration=last).update(status="unhealthy", error_code="timeout")

    page.clock.run_for(31_000)

    expect(page.locator(".pill.unhealthy")).to_have_count(1)
