"""Pages that stay open for long: what they are about comes and goes, and so does the server."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations_health import live
from integrations_health.models import Integration, User
from tests import factories
from tests.browser.conftest import Complaints, sign_in
from tests.browser.looking import play_sockets

LIVE = re.compile(r"^Live, updated")
# As if the page had been made some half-hours ago.
AS_IF_IT_WAS_EARLIER = """
    document.addEventListener("readystatechange", () => {
        const labels = document.getElementById("labels");
        const earlier = () => JSON.stringify(JSON.parse(labels.textContent).map(() => "long ago"));
        if (labels && document.readyState === "interactive") labels.textContent = earlier();
    });
"""

SOCKETS_THAT_NEVER_OPEN = "WebSocket = class { static OPEN = 1; }"
A_SERVER_THAT_IS_AWAY = """
    void (WebSocket = class {
        static real = WebSocket;
        constructor() { setTimeout(() => this.onclose({ code: 1006 })); }
    })
"""


@pytest.fixture
def watched(person: User) -> Integration:
    """Return the person's one integration, which works."""
    return factories.integration(user=person, **_working())


def _working() -> dict[str, object]:
    now = timezone.now()
    return {
        "status": "healthy",
        "last_check_at": now - timedelta(minutes=1),
        "status_since": now - timedelta(days=1),
        "next_check_at": now + timedelta(minutes=4),
    }


def tell(watched: Integration) -> None:
    """Tell open sockets how it is now."""
    with ThreadPoolExecutor(1) as threads:  # Playwright's loop is in this thread
        threads.submit(_push, watched).result()


def _push(watched: Integration) -> None:
    live.push({watched.pk: watched.user_id})
    connection.close()


def test_what_is_paused_elsewhere_reads_paused(
    opened: Callable[..., Page], watched: Integration
) -> None:
    page = opened()
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_have_text(LIVE)

    Integration.objects.filter(pk=watched.pk).update(enabled=False)
    tell(watched)

    expect(page.locator(".row .pill")).to_have_text("Paused")


def test_what_is_removed_or_new_leaves_and_comes_by_itself(
    opened: Callable[..., Page], person: User, watched: Integration
) -> None:
    page = opened()
    page.clock.install()
    sign_in(page)
    expect(page.locator("[data-live-text]")).to_have_text(LIVE)
    factories.integration(user=person, display_name="Brand new", **_working())
    watched.delete()

    page.clock.run_for(301_000)

    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row h3")).to_have_text("Brand new")


def test_the_cells_of_a_bar_are_named_anew_when_time_went_on(
    opened: Callable[..., Page], watched: Integration
) -> None:
    page = opened()
    page.add_init_script(AS_IF_IT_WAS_EARLIER)
    page.clock.install()
    sign_in(page)
    page.goto("/?range=24h")
    expect(page.locator("[data-live-text]")).to_have_text(LIVE)
    expect(page.locator(".cell").last).to_have_attribute("aria-label", re.compile("^long ago"))

    page.clock.run_for(301_000)

    expect(page.locator(".cell").last).to_have_attribute("aria-label", re.compile(r"\d\d:\d\d:"))


@pytest.mark.parametrize("address", ["/", "/integrations/{0.pk}/"])
def test_a_page_whose_socket_never_opens_looks_by_itself(
    opened: Callable[..., Page], watched: Integration, address: str
) -> None:
    page = opened()
    page.add_init_script(SOCKETS_THAT_NEVER_OPEN)
    page.clock.install()
    sign_in(page)
    page.goto(address.format(watched))
    expect(page.locator("[data-live-text]")).to_have_text("Reconnecting…")
    expect(page.locator(".pill").first).to_have_text("Healthy")
    Integration.objects.filter(pk=watched.pk).update(enabled=False)

    page.clock.run_for(31_000)

    expect(page.locator(".pill").first).to_have_text("Paused")


def test_when_the_server_is_back_its_page_says_so(
    opened: Callable[..., Page], watched: Integration, complaints: Complaints
) -> None:
    page = opened()
    page.add_init_script("Math.random = () => 0.01")  # the socket tries again at once
    sockets = play_sockets(page)
    page.clock.install()
    sign_in(page)
    page.goto(f"/integrations/{watched.pk}/")
    expect(page.locator("[data-live-text]")).to_have_text(LIVE)
    page.route("**/*", lambda route: route.abort())
    page.evaluate(A_SERVER_THAT_IS_AWAY)
    sockets[-1].close(code=1012)
    page.clock.run_for(31_000)
    expect(page.locator("[data-live-text]")).to_contain_text("The server does not answer")

    page.unroute("**/*")
    page.evaluate("void (WebSocket = WebSocket.real)")
    page.clock.run_for(2_000)

    expect(page.locator("[data-live-text]")).to_have_text(LIVE)
    complaints.expect("Failed to load resource")


def test_the_page_of_what_was_removed_says_that_there_is_nothing(
    opened: Callable[..., Page], watched: Integration, complaints: Complaints
) -> None:
    page = opened()
    page.clock.install()
    sign_in(page)
    page.goto(f"/integrations/{watched.pk}/")
    expect(page.locator("[data-live-text]")).to_have_text(LIVE)
    watched.delete()

    page.clock.run_for(301_000)

    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    complaints.expect("404")
