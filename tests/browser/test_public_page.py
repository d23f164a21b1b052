"""The page for everybody, looked at in a real browser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests import factories
from tests.browser.looking import grave_faults
from tests.web_process import Web

LOOKS = pytest.mark.parametrize("scheme", ["light", "dark"])
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
DAY = timedelta(days=1)


@pytest.fixture
def _told(transactional_db: None) -> None:
    """Make something of everything that the page can tell."""
    now = datetime.now(UTC)
    for service in ("gmail", "slack"):
        for _ in range(5):
            factories.integration(
                service=service, status="healthy", last_check_at=now, response_time_ms=140
            )
        for days in range(1, 60):
            factories.provider_day(
                day=(now - days * DAY).date(),
                service=service,
                outage_seconds=50_000 if days == 9 else 0,
                impaired_seconds=100_000 if days == 12 else 0,
            )
    factories.integration(provider="klavis", last_check_at=now)
    factories.incident(service="gmail", opened_at=now - timedelta(hours=1))
    factories.incident(opened_at=now - 3 * DAY, closed_at=now - 3 * DAY + timedelta(hours=1))


@pytest.mark.usefixtures("_told")
@LOOKS
@WIDTHS
def test_the_page_can_be_used_by_everybody_everywhere(
    width: int, scheme: str, opened: Callable[..., Page]
) -> None:
    page = opened(viewport={"width": width, "height": 900}, color_scheme=scheme)

    page.goto("/status/")

    assert grave_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.usefixtures("_told")
def test_without_scripts_the_page_says_the_same(opened: Callable[..., Page]) -> None:
    page = opened(java_script_enabled=False)

    page.goto("/status/")

    heading = page.get_by_role("heading", level=1).text_content()
    assert heading is not None
    assert heading.startswith("Gmail through Composio is failing")
    bar = page.get_by_role("img", name="Slack")
    assert "% uptime" in str(bar.get_attribute("aria-label"))


def test_a_chosen_theme_holds_although_the_page_is_the_same_for_all(
    opened: Callable[..., Page], server: Web
) -> None:
    page = opened(color_scheme="light")
    page.context.add_cookies([{"name": "theme", "value": "dark", "url": server.url}])

    page.goto("/status/")

    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


@pytest.mark.usefixtures("_told")
def test_the_page_of_an_incident_in_the_feed_is_found(opened: Callable[..., Page]) -> None:
    page = opened()
    feed = page.request.get("/status/feed.xml").text()
    link = feed.split("<item>")[1].split("<link>")[1].split("</link>")[0]

    page.goto(link)

    assert page.locator("li:target").text_content() is not None
