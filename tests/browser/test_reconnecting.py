"""From "expired" to "You are back", in a real browser, by scripts and without."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from integrations_health.models import Integration, User
from integrations_health.providers.simulator import Simulator, running
from tests import factories
from tests.browser.looking import grave_faults, seat
from tests.reconnecting import dead, expired
from tests.web_process import Web, web

SHOTS = os.environ.get("SHOTS")


@pytest.fixture
def provider() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest.fixture
def server(
    provider: Simulator, transactional_db: None, static_files: None, tmp_path: Path
) -> Iterator[Web]:
    """Serve the product, with the simulator for its provider."""
    with web(
        tmp_path,
        COMPOSIO_BASE_URL=provider.base_url,
        COMPOSIO_API_KEY=provider.api_key,
        COMPOSIO_CALLS_PER_MINUTE="0",
        # A slow service is not ill here.
        SLOW_MS="60000",
    ) as started:
        yield started


@pytest.fixture
def owner(transactional_db: None) -> User:
    return factories.user(timezone="Europe/Berlin")


@pytest.fixture
def watched(provider: Simulator, owner: User) -> Integration:
    return expired(provider, user=owner, display_name="Work mail")


def shot(page: Page, name: str) -> None:
    if SHOTS:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=f"{SHOTS}/{name}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("has_scripts", [True, False])
def test_somebody_whose_grant_expired_walks_the_way_back(
    opened: Callable[..., Page], server: Web, watched: Integration, owner: User, has_scripts: bool
) -> None:
    page = opened(java_script_enabled=has_scripts)
    seat(page, owner, url=server.url)

    page.goto("/")
    shot(page, f"status-{has_scripts}")
    page.get_by_role("link", name="Work mail: Reconnect").click()
    shot(page, f"before-{has_scripts}")
    page.get_by_role("button", name="Reconnect Gmail").click()
    page.get_by_role("button", name="Allow").click()

    expect(page.get_by_role("heading", name="You are back")).to_be_visible()
    shot(page, f"back-{has_scripts}")
    page.get_by_role("link", name="How it is now").click()
    expect(page.get_by_role("heading", name="Work mail works.")).to_be_visible()


def test_who_says_no_can_try_again(
    opened: Callable[..., Page], server: Web, watched: Integration, owner: User
) -> None:
    page = opened()
    seat(page, owner, url=server.url)
    page.goto(f"/integrations/{watched.pk}/")
    shot(page, "detail")
    page.get_by_role("link", name="Reconnect Work mail").click()
    page.get_by_role("button", name="Reconnect Gmail").click()

    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_text("it was not allowed at Composio")).to_be_visible()
    expect(page.get_by_role("button", name="Reconnect Gmail")).to_be_visible()
    shot(page, "denied")


def test_the_first_result_appears_by_itself(
    opened: Callable[..., Page],
    server: Web,
    watched: Integration,
    owner: User,
    provider: Simulator,
) -> None:
    page = opened()
    seat(page, owner, url=server.url)
    page.goto(f"/integrations/{watched.pk}/reconnect/")
    page.get_by_role("button", name="Reconnect Gmail").click()
    # For the first check, of two calls, the provider is slower than whoever is back waits.
    provider.latency.typical_ms = 5_200

    page.get_by_role("button", name="Allow").click(timeout=40_000)

    expect(page.get_by_role("heading", name="Work mail is connected")).to_be_visible()
    shot(page, "checking")
    provider.latency.typical_ms = 0
    expect(page.get_by_role("heading", name="You are back")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_use_the_page(
    opened: Callable[..., Page], server: Web, owner: User, width: int
) -> None:
    asked = dead(user=owner, display_name="Post for " + "the whole of the office " * 4)
    page = opened(viewport={"width": width, "height": 800})
    seat(page, owner, url=server.url)
    page.goto(f"/integrations/{asked.pk}/reconnect/")

    faults = grave_faults(page)
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    shot(page, f"long-{width}")
    page.goto("/")
    shot(page, f"status-{width}")

    assert (faults, overflow <= 0) == ([], True)
