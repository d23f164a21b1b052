"""A real browser on a real server: what it complains of fails the test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from integrations_health.models import User
from tests import factories
from tests.web_process import Preloaded, Web, preloaded

# The same engine twice; without a browser around it, it takes a third of the CPU.
CHROMIUMS = [Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")]
CHROMIUM = next((path for path in CHROMIUMS if path.exists()), None)
QUIETLY = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # On a machine whose cores are busy, helping threads cost more than they help.
    "--js-flags=--single-threaded",
]
PASSWORD = "correct horse battery staple"
HERE = Path(__file__).parent
# On a busy machine; what is there is seen at once.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser where there is none; `make test` says so in a line of its own."""
    if CHROMIUM:
        return
    reason = f"SKIPPED ALOUD: there is no {CHROMIUMS[0]}; apt-get install chromium-headless-shell"
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


# Not for the session: while Playwright's loop is in this thread, no other test can use asgiref's.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium, started once for the tests of a module."""
    # Playwright keeps an event loop in this thread; Django would take our calls for its.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def static_files() -> None:
    """Collect the static files, as a release does."""
    call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def web_server(django_db_setup: None, static_files: None) -> Iterator[Preloaded]:
    """Return what starts a server in a moment."""
    with preloaded() as running:
        yield running


@pytest.fixture
def server(transactional_db: None, web_server: Preloaded, tmp_path: Path) -> Iterator[Web]:
    """Serve the product as the Procfile has it."""
    with web_server.web(tmp_path) as running:
        yield running


class Complaints(list[str]):
    """What the browser complained of; a test takes out what it expects."""

    def expect(self, part: str) -> None:
        """Take out every complaint that contains `part`."""
        self[:] = [said for said in self if part not in said]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Fail on any violation of the policy, message in the console, or error on a page."""
    said = Complaints()
    yield said
    assert said == []


@pytest.fixture
def opened(browser: Browser, server: Web, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a browser window, with the options of Playwright."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=server.url, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _keep(complaints, message.type, message.text))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def person(transactional_db: None) -> User:
    """Return somebody who can sign in."""
    return factories.user(username="ann", external_id="app-ann", password=PASSWORD)


def sign_in(page: Page, *, name: str = "ann", password: str = PASSWORD) -> None:
    """Sign in by the page, as people do."""
    page.goto("/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name="Sign in").click()


def _keep(complaints: Complaints, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        complaints.append(f"{kind}: {text}")
