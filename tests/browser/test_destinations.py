"""Destinations in a real browser: added, tried, mended, without a script."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from alerts import destinations
from alerts.models import Destination, Notification, StaffNotice
from tests import factories
from tests.browser.looking import grave_faults, seat
from tests.web_process import Web

WIDTHS, THEMES = (390, 1280), ("light", "dark")


@pytest.fixture
def signed_in(opened: Callable[..., Page], server: Web) -> Callable[..., Page]:
    """Return a function that opens a window in which somebody of the staff is signed in."""
    person = factories.staff(username="opal")

    def open_page(**options: Any) -> Page:
        page = opened(**options)
        seat(page, person, url=server.url)
        return page

    return open_page


def test_a_webhook_is_added_and_its_secret_is_seen_once(signed_in: Callable[..., Page]) -> None:
    page = signed_in(java_script_enabled=False)
    page.goto("/admin/alerts/destination/add/")
    page.get_by_label("Name").fill("On call")
    page.get_by_label("Kind").select_option("webhook")
    page.get_by_label("Address").fill("https://10.0.0.1/hook")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("It is inside a private network")).to_be_visible()
    page.get_by_label("Address").fill("https://hooks.example.com/part-of-a-secret")
    page.get_by_role("button", name="Save", exact=True).click()

    secret = page.locator("code").inner_text()
    page.get_by_role("link", name="I have it").click()

    assert secret == Destination.objects.get().secret
    expect(page.get_by_role("heading", name="Delivery log")).to_be_visible()
    assert secret not in page.content()
    assert "part-of-a-secret" not in page.content()


def test_a_dead_message_is_sent_again_by_a_button(signed_in: Callable[..., Page]) -> None:
    there = factories.destination(kind="webhook")
    factories.notification(destination=there, state="dead", is_collecting=False)
    page = signed_in(java_script_enabled=False)
    page.goto(f"/admin/alerts/destination/{there.pk}/change/")

    page.get_by_role("button", name="Send again").click()

    expect(page.get_by_text("1 sent again")).to_be_visible()
    assert Notification.objects.exclude(replays=None).count() == 1


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_are_easy_to_use_for_everybody(
    signed_in: Callable[..., Page], theme: str, width: int
) -> None:
    now = timezone.now()
    there = factories.destination(kind="webhook", name="On call", last_duration_ms=231)
    off = factories.destination(kind="slack", name="#alerts")
    destinations.disable(off, "It answered with status 404.", now=now)
    for number, state in enumerate(("sent", "dead", "pending")):
        at = now - timedelta(hours=number)
        message = factories.notification(
            destination=there,
            state=state,
            is_collecting=False,
            sent_at=now if state == "sent" else None,
            collects_until=at,
            last_error="It answered with status 500.",
        )
    page = signed_in(color_scheme=theme, viewport={"width": width, "height": 900})
    notice = StaffNotice.objects.get()
    rows = [f"destination/{one.pk}" for one in (there, off)]
    rows += [f"notification/{message.pk}", f"staffnotice/{notice.pk}"]
    paths = [*(f"{row}/change/" for row in rows), "destination/add/", "destination/"]

    found = {}
    for path in [*paths, "notification/", "staffnotice/", f"{rows[0]}/delete/"]:
        page.goto(f"/admin/alerts/{path}")
        found[path] = grave_faults(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.goto(f"/admin/alerts/{rows[0]}/change/")
    page.get_by_role("button", name="Make a new signing secret").click()
    expect(page.locator(".breadcrumbs")).to_contain_text("Signing secret")
    found["secret"] = grave_faults(page)

    assert {path: faults for path, faults in found.items() if faults} == {}
