"""The status page in a real browser: by mouse, by keyboard, by finger, and without scripts."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.browser.conftest import Complaints, sign_in

Opened = Callable[..., Page]


@pytest.fixture
def two(person: User) -> tuple[Integration, Integration]:
    """Give the person a Gmail that works and a Slack whose grant is gone."""
    now = timezone.now()
    fine = factories.integration(
        user=person,
        status="healthy",
        last_check_at=now,
        status_since=now - timedelta(days=3),
        next_check_at=now + timedelta(minutes=5),
    )
    gone = factories.integration(
        user=person,
        service="slack",
        provider="klavis",
        status="unhealthy",
        error_code="auth_expired",
        error_message="The connection expired or was revoked. Reconnect it.",
        consecutive_failures=2,
        last_check_at=now,
        status_since=now - timedelta(hours=3),
        next_check_at=now + timedelta(minutes=20),
    )
    for watched in (fine, gone):
        for days in range(1, 12):
            down = {"downtime_seconds": 1560} if days == 4 else {}
            day = now.date() - timedelta(days=days)
            factories.daily_health(watched, day=day, **down)
        factories.history(watched, checked_at=now - timedelta(seconds=1))
    return fine, gone


def row(page: Page, name: str) -> object:
    return page.locator(".row", has=page.get_by_role("heading", name=name))


@pytest.mark.usefixtures("two")
def test_a_person_signs_in_sees_what_is_wrong_and_signs_out(opened: Opened) -> None:
    page = opened()
    sign_in(page, name="app-ann")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Your Slack connection expired")
    expect(page).to_have_title(re.compile(r"^\(1\) My integrations"))
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".why")).to_contain_text("Press Reconnect")

    # Else its socket may be on the way when the session ends, and is refused in the console.
    expect(page.locator("[data-live-text]")).to_have_text(re.compile("^Live"))
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/sign-in/"))


def test_a_wrong_password_is_said_and_keeps_the_name(opened: Opened, person: User) -> None:
    page = opened()

    sign_in(page, password="wrong")

    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    expect(page.get_by_label("Username")).to_have_value("ann")


@pytest.mark.usefixtures("two")
def test_the_keyboard_goes_through_days_and_rows(opened: Opened) -> None:
    page = opened()
    sign_in(page)
    cells = page.locator(".row").first.locator(".cell")
    expect(cells).to_have_count(90)
    cells.last.focus()

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")

    assert re.fullmatch(r"\w{3} \d+: 98\.2 %, 26 min down", name)
    card = page.locator("#cell-card")
    expect(card).to_contain_text("98.2 %, 26 min down")
    expect(card).to_have_attribute("data-pinned", "")
    page.keyboard.press("End")
    expect(card).to_contain_text("26 min down")  # pinned
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('.row').id") == page.locator(".row").nth(
        1
    ).get_attribute("id")
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.previousElementSibling") is None


@pytest.mark.usefixtures("two")
def test_everything_is_reached_by_tab_alone_and_shows_where_it_is(opened: Opened) -> None:
    page = opened()
    sign_in(page)
    expect(page.locator(".cell").first).to_be_attached()
    page.evaluate("document.activeElement.blur()")
    reached: list[str] = []

    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => {
                const element = document.activeElement;
                if (element === document.body) return null;
                const { outlineStyle } = getComputedStyle(element);
                const name = element.getAttribute('aria-label') ?? element.textContent.trim();
                return [name, outlineStyle];
            }"""
        )
        if here is None:
            break
        reached.append(here[0])
        assert here[1] != "none", here

    assert reached[0] == "Skip to the content"
    for name in ("Sign out", "24 h", "Slack: Reconnect", "Gmail: Check now", "Dark"):
        assert any(name == one or one.startswith(name) for one in reached), (name, reached)


@pytest.mark.usefixtures("two")
def test_a_finger_opens_the_card_of_the_day_it_touches(opened: Opened) -> None:
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(page)
    bar = page.locator(".bar").first
    bar.scroll_into_view_if_needed()
    expect(page.locator(".cell").first).to_be_attached()
    box = bar.bounding_box()
    assert box is not None

    page.touchscreen.tap(box["x"] + box["width"] * (85.5 / 90), box["y"] + 8)

    expect(page.locator("#cell-card")).to_contain_text("98.2 %, 26 min down")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.usefixtures("two")
def test_a_folded_group_stays_folded(opened: Opened) -> None:
    page = opened()
    sign_in(page)
    _wait_for_scripts(page)
    page.locator(".group-head", has_text="Composio").click()
    page.wait_for_function("localStorage.folded?.includes('composio')")

    page.reload()

    expect(page.locator(".group:not([open])")).to_have_count(1)
    expect(page.get_by_role("heading", name="Gmail", exact=True)).to_be_hidden()


@pytest.mark.usefixtures("two")
def test_the_theme_changes_at_once_and_stays(opened: Opened) -> None:
    page = opened(color_scheme="light")
    sign_in(page)
    _wait_for_scripts(page)

    with page.expect_response("**/preferences/theme/"):
        page.get_by_role("button", name="Dark").click()

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 16, 20)"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_page_works_without_scripts(
    opened: Opened, two: tuple[Integration, Integration]
) -> None:
    # What its owner need not mend is checked by hand.
    rows = HealthCheck.objects.filter(integration=two[1])
    rows.update(manual_at=timezone.now(), error_code="timeout")
    page = opened(java_script_enabled=False)
    sign_in(page)

    page.get_by_role("navigation", name="Filter").get_by_role("link", name="Failing").click()
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("navigation", name="Range").get_by_role("link", name="24 h").click()
    expect(page.get_by_role("img", name=re.compile("^Slack: "))).to_have_count(1)
    # It says that it waits, and works all the same: Playwright's click would wait with it.
    page.get_by_role("button", name="Slack: Check now").press("Enter")
    expect(page.locator(".message.warning")).to_contain_text("Slack was checked a moment ago")
    expect(page).to_have_url(re.compile(r"\?range=24h&show=failing#i-"))
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_change_appears_without_a_reload(
    opened: Opened, two: tuple[Integration, Integration], complaints: Complaints
) -> None:
    page = opened()
    page.route_web_socket("**/health-updates", lambda socket: _refuse(socket))
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_contain_text(re.compile("Not live|Reconnecting"))
    HealthCheck.objects.filter(integration=two[1]).update(
        status="healthy", error_code="", error_message="", consecutive_failures=0
    )

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.get_by_role("heading", level=1)).to_have_text("Both integrations work.")
    expect(page).to_have_title(re.compile(r"^My integrations"))
    expect(page.locator(".pill.healthy")).to_have_count(2)
    complaints.expect("WebSocket")


def test_a_server_that_is_gone_leaves_the_last_known_state(
    opened: Opened, two: tuple[Integration, Integration], complaints: Complaints
) -> None:
    page = opened()
    page.route_web_socket("**/health-updates", lambda socket: _refuse(socket))
    sign_in(page)
    _wait_for_scripts(page)
    page.route("**/*", lambda route: route.abort())

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(page.locator("[data-live-text]")).to_contain_text("Showing the last known state of")
    expect(page.locator(".row")).to_have_count(2)
    complaints.expect("Failed to load resource")
    complaints.expect("WebSocket")


def _wait_for_scripts(page: Page) -> None:
    # The server writes when it made the page; the script says how live it is.
    expect(page.locator("[data-live-text]")).not_to_contain_text("As of")


def _refuse(socket: object) -> None:
    socket.close(code=4403)  # type: ignore[attr-defined]  # Playwright's WebSocketRoute
