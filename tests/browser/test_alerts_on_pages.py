"""Alerts on both pages in a real browser: read, acknowledged, and never stale for long."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

from alerts import lifecycle
from alerts.models import Alert
from integrations_health.models import Integration, User
from tests import factories
from tests.browser.looking import grave_faults, play_sockets, seat
from tests.web_process import Web

MINUTE = timedelta(minutes=1)


class Scene(NamedTuple):
    """What the person has: an integration that fails, one open alert told, and one held back."""

    person: User
    watched: Integration
    told: Alert
    held: Alert


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """Make a person whose Slack fails, was told of it, and is not told of something else."""
    now = datetime.now(UTC)
    person = factories.user(timezone="Europe/Berlin")
    watched = factories.integration(
        user=person,
        service="slack",
        status="unhealthy",
        error_code="auth_expired",
        error_message="The connection expired or was revoked. Reconnect it.",
        last_check_at=now,
        status_since=now - 30 * MINUTE,
    )
    told = factories.alert(
        integration=watched,
        message="Slack has failed 3 times in a row.",
        created_at=now - 20 * MINUTE,
        told_at=now - 20 * MINUTE,
    )
    factories.notification(alert=told, state="sent", sent_at=now - 19 * MINUTE)
    held = factories.alert(
        integration=watched,
        severity="warning",
        message="Slack took 6.1 s to answer; 5 s is the limit.",
        created_at=now - 10 * MINUTE,
        held_back="cooldown",
        held_until=now + 20 * MINUTE,
    )
    factories.alert(
        integration=watched,
        message="Slack has failed.",
        created_at=now - 90 * MINUTE,
        resolved_at=now - 60 * MINUTE,
    )
    return Scene(person, watched, told, held)


@pytest.fixture
def open_page(opened: Callable[..., Page], server: Web, scene: Scene) -> Callable[..., Page]:
    """Return what signs the person in and goes to the page of the integration, or to another."""

    def open_it(path: str = f"/integrations/{scene.watched.pk}/", **options: object) -> Page:
        page = opened(**options)
        seat(page, scene.person, url=server.url)
        play_sockets(page)
        page.goto(path)
        return page

    return open_it


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_alerts_can_be_read_by_everybody_everywhere(
    width: int, scheme: str, open_page: Callable[..., Page]
) -> None:
    page = open_page("/", viewport={"width": width, "height": 900}, color_scheme=scheme)
    faults = {"status": grave_faults(page)}
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="2 open alerts").click()
    expect(page.get_by_role("heading", name="Alerts")).to_be_in_viewport()
    faults["detail"] = grave_faults(page)

    assert faults == {"status": [], "detail": []}
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_alert_is_acknowledged_by_keyboard(open_page: Callable[..., Page], scene: Scene) -> None:
    page = open_page()
    button = page.get_by_role("button", name=f"Acknowledge: {scene.told.message}")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")

    for _ in range(30):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.get_by_text("Noted: you look after it now.")).to_be_visible()
    expect(page.locator(".alert", has_text=scene.told.message)).to_contain_text("By you, since")
    expect(button).to_have_count(0)
    expect(page.get_by_role("heading", name="Alerts")).to_be_in_viewport()
    assert Alert.objects.get(pk=scene.told.pk).acknowledged_by == scene.person


def test_without_scripts_the_button_acknowledges(
    open_page: Callable[..., Page], scene: Scene
) -> None:
    page = open_page(java_script_enabled=False)

    page.get_by_role("button", name=f"Acknowledge: {scene.held.message}").click()

    expect(page.get_by_text("Noted: you look after it now.")).to_be_visible()
    alert = page.locator(".alert", has_text=scene.held.message)
    expect(alert).to_contain_text("Not sent, because you look after it.")


def test_what_happens_to_an_alert_is_shown_without_a_reload_or_a_check(
    opened: Callable[..., Page], server: Web, scene: Scene
) -> None:
    pages = []
    for path in ("/", f"/integrations/{scene.watched.pk}/"):
        page = opened()
        seat(page, scene.person, url=server.url)
        play_sockets(page)
        page.clock.install()
        page.goto(path)
        page.evaluate("window.isSamePage = true")
        pages.append(page)
    lifecycle.resolve([scene.told.pk], by=factories.staff())
    lifecycle.acknowledge([scene.held.pk], by=factories.staff())

    for page in pages:
        page.clock.run_for(70_000)

    expect(pages[0].get_by_role("link", name="1 open alert")).to_be_visible()
    expect(pages[0].locator(".alerted")).to_contain_text("because somebody looks after it")
    expect(pages[1].locator(".alert")).to_have_count(1)
    expect(pages[1].locator(".alert")).to_contain_text("By our support")
    assert all(page.evaluate("window.isSamePage") for page in pages)


def test_who_is_about_to_press_the_button_keeps_it(
    open_page: Callable[..., Page], scene: Scene
) -> None:
    page = open_page()
    button = page.get_by_role("button", name=f"Acknowledge: {scene.told.message}")
    button.focus()

    page.evaluate("import('/static/health/board.js').then((board) => board.refresh())")

    expect(button).to_be_focused()
