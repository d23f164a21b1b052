"""The page for everybody, looked at in a real browser."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser

from integrations_health.pages import public
from tests import factories
from tests.browser.visiting import Visit, grave_faults

LOOKS = pytest.mark.parametrize("scheme", ["light", "dark"])
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
DAY = timedelta(days=1)


@pytest.fixture
def _told(transactional_db: None) -> Iterator[None]:
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
    public.board_of_now.forget()
    yield
    public.board_of_now.forget()


@pytest.mark.usefixtures("_told")
@LOOKS
@WIDTHS
def test_the_page_can_be_used_by_everybody_everywhere(
    width: int, scheme: str, chromium: Browser, base_url: str
) -> None:
    visit = Visit(chromium, base_url, viewport={"width": width, "height": 900}, color_scheme=scheme)

    visit.page.goto("/status/")

    assert grave_faults(visit.page) == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.said == []
    visit.context.close()


@pytest.mark.usefixtures("_told")
def test_without_scripts_the_page_says_the_same(chromium: Browser, base_url: str) -> None:
    visit = Visit(chromium, base_url, java_script_enabled=False)

    visit.page.goto("/status/")

    heading = visit.page.get_by_role("heading", level=1).text_content()
    assert heading is not None
    assert heading.startswith("Gmail through Composio is failing")
    bar = visit.page.get_by_role("img", name="Slack")
    assert "% uptime" in str(bar.get_attribute("aria-label"))
    visit.context.close()


def test_a_chosen_theme_holds_although_the_page_is_the_same_for_all(
    chromium: Browser, base_url: str
) -> None:
    visit = Visit(chromium, base_url, color_scheme="light")
    visit.context.add_cookies([{"name": "theme", "value": "dark", "url": base_url}])

    visit.page.goto("/status/")

    assert visit.page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    assert visit.said == []
    visit.context.close()


@pytest.mark.usefixtures("_told")
def test_the_page_of_an_incident_in_the_feed_is_found(chromium: Browser, base_url: str) -> None:
    visit = Visit(chromium, base_url)
    feed = visit.page.request.get("/status/feed.xml").text()
    link = feed.split("<item>")[1].split("<link>")[1].split("</link>")[0]

    visit.page.goto(link)

    assert visit.page.locator("li:target").text_content() is not None
    visit.context.close()
