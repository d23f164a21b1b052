"""The page of one integration, looked at and used in a real browser."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.browser.looking import grave_faults, play_sockets, seat
from tests.web_process import Web

MINUTE = timedelta(minutes=1)


@pytest.fixture
def owner(transactional_db: None) -> User:
    """Return a person who has integrations."""
    return factories.user(timezone="Europe/Berlin")


@pytest.fixture
def watched(owner: User) -> Integration:
    """Make an integration with a past: it answered, was silent, failed, and expired."""
    now = datetime.now(UTC)
    made = factories.integration(
        user=owner,
        service="slack",
        display_name="Slack, example-hq",
        status="unhealthy",
        error_code="auth_expired",
        error_message="The connection expired or was revoked. Reconnect it.",
        status_since=now - 30 * MINUTE,
        last_check_at=now - 4 * MINUTE,
        next_check_at=now + 40 * MINUTE,
        consecutive_failures=3,
        metadata={
            "outcome": "auth_expired",
            "isProbed": True,
            "evidence": [
                {"call": "SLACK_TEST_AUTH", "said": "token_revoked", "httpStatus": 200},
            ],
        },
    )
    for number in range(60):
        minutes = number * 5 + 4 + (200 if number > 40 else 0)
        outcome = "auth_expired" if number < 6 else "slow" if number < 9 else "ok"
        status = {"auth_expired": "unhealthy", "slow": "degraded", "ok": "healthy"}[outcome]
        factories.history(
            made,
            checked_at=now - minutes * MINUTE,
            outcome=outcome,
            status=status,
            response_time_ms=100 + 7 * number,
        )
    return made


def frame(of: Integration, *, version: int) -> str:
    """Return what the server sends of an integration, as far as the page reads it."""
    return json.dumps({"integrationId": str(of.pk), "version": version, "health": {}})


class Opened(NamedTuple):
    """The page, open in a browser whose WebSockets the test plays."""

    page: Page
    sockets: list[WebSocketRoute]


@pytest.fixture
def open_page(
    opened: Callable[..., Page], server: Web, watched: Integration
) -> Callable[..., Opened]:
    """Return what signs the owner in and goes to the page."""

    def open_it(query: str = "", **options: Any) -> Opened:
        page = opened(**options)
        seat(page, watched.user, url=server.url)
        sockets = play_sockets(page)
        page.goto(f"/integrations/{watched.pk}/{query}")
        return Opened(page, sockets)

    return open_it


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_can_be_used_by_everybody_everywhere(
    width: int, scheme: str, open_page: Callable[..., Opened]
) -> None:
    page = open_page(viewport={"width": width, "height": 900}, color_scheme=scheme).page
    page.get_by_text("The same as a table").click()

    assert grave_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_new_integration_has_a_page_without_faults(
    opened: Callable[..., Page], server: Web, owner: User
) -> None:
    page = opened()
    seat(page, owner, url=server.url)
    play_sockets(page)

    page.goto(f"/integrations/{factories.integration(user=owner).pk}/")

    expect(page.get_by_role("heading", level=1)).to_contain_text("for the first time")
    assert grave_faults(page) == []


def test_without_scripts_everything_can_be_looked_at(open_page: Callable[..., Opened]) -> None:
    page = open_page(java_script_enabled=False).page

    page.get_by_role("link", name="7 d").click()
    page.get_by_role("link", name="Slow 3").click()

    assert "range=7d" in page.url
    assert "outcome=slow" in page.url
    assert page.locator(".log tbody tr").count() == 3
    assert page.locator(".chart-plot .series").count() == 2


def test_without_scripts_the_button_checks(
    open_page: Callable[..., Opened], watched: Integration
) -> None:
    HealthCheck.objects.filter(integration=watched).update(
        status="healthy", consecutive_failures=0, last_check_at=datetime.now(UTC)
    )
    page = open_page(java_script_enabled=False).page

    page.get_by_role("button", name=re.compile("Check now")).click()

    expect(page.get_by_text("checked within the last minute")).to_be_visible()


def test_with_scripts_the_button_says_how_it_went_in_its_place(
    open_page: Callable[..., Opened], watched: Integration
) -> None:
    HealthCheck.objects.filter(integration=watched).update(
        status="healthy", consecutive_failures=0, last_check_at=datetime.now(UTC)
    )
    page = open_page().page

    page.get_by_role("button", name=re.compile("Check now")).click()

    expect(page.locator("[data-announce]")).to_contain_text("checked within the last minute")


def test_the_button_counts_down_until_it_is_free(
    open_page: Callable[..., Opened], watched: Integration
) -> None:
    pressed_at = datetime.now(UTC) - timedelta(seconds=50)
    HealthCheck.objects.filter(integration=watched).update(manual_at=pressed_at)
    page = open_page().page

    expect(page.get_by_role("button", name=re.compile(r"Check in \d+ s"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Check now"))).to_be_visible(timeout=20_000)


def test_a_change_is_shown_without_a_reload_and_leaves_the_reader_in_peace(
    open_page: Callable[..., Opened], watched: Integration
) -> None:
    page, sockets = open_page()
    page.get_by_text("The same as a table").click()
    page.get_by_role("link", name="Slow 3").focus()
    page.evaluate("window.isSamePage = true")
    sockets[0].send(frame(watched, version=0))
    expect(page.locator("[data-live=live]")).to_contain_text("Live")
    HealthCheck.objects.filter(integration=watched).update(
        status="healthy", error_code="", consecutive_failures=0, state_version=7
    )

    sockets[0].send(frame(watched, version=7))

    expect(page.locator(".tile .pill")).to_have_text("Healthy")
    expect(page).to_have_title(re.compile("Healthy"))
    assert page.evaluate("window.isSamePage")
    assert page.locator("details").get_attribute("open") is not None
    expect(page.get_by_role("link", name="Slow 3")).to_be_focused()


def test_where_a_socket_is_refused_the_page_asks_in_turns(
    opened: Callable[..., Page], server: Web, watched: Integration
) -> None:
    page = opened()
    seat(page, watched.user, url=server.url)
    # As it is behind a proxy that knows no WebSocket.
    page.add_init_script(
        "WebSocket = class { constructor() { setTimeout(() => this.onclose({ code: 1006 })) } }"
    )
    page.clock.install()
    page.goto(f"/integrations/{watched.pk}/")
    page.clock.run_for(20_000)
    expect(page.locator("[data-live=polling]")).to_contain_text("again in")
    HealthCheck.objects.filter(integration=watched).update(
        status="healthy", error_code="", consecutive_failures=0
    )

    page.clock.run_for(40_000)

    expect(page.locator(".tile .pill")).to_have_text("Healthy")


def test_the_chart_is_read_out_where_the_pointer_is(open_page: Callable[..., Opened]) -> None:
    page = open_page(viewport={"width": 1280, "height": 900}).page
    newest = page.locator("tr[data-at]").first
    share = float(newest.get_attribute("data-at") or "0") / 100
    plot = page.locator(".chart-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)

    expect(page.locator(".readout")).to_contain_text(
        str(newest.locator("td").nth(1).text_content())
    )
    page.mouse.move(1, 1)
    expect(page.locator(".readout")).to_be_empty()


def test_the_page_is_used_by_keyboard_alone(open_page: Callable[..., Opened]) -> None:
    page = open_page().page

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    page.get_by_role("link", name="30 d").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**range=30d**")

    assert {"Check now", "1 h", "30 d", "The same as a table", "Older"} <= set(reached)
    assert any(text.startswith("Slow") for text in reached)
