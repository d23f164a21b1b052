"""What is looked for on every page, and sockets that a test plays."""

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, WebSocketRoute

from integrations_health.models import User

_AXE = Axe()
# The size of what is pressed, say; some of Django's own admin is smaller.
STRICT = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {
    # Or axe would write style sheets that import others into the page, which our policy refuses.
    "preload": False,
    # Or it would describe every element that is as it should be, which takes most of its time.
    "resultTypes": ["violations"],
}


def grave_faults(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """Return what makes a page hard to use for some: axe's serious and critical findings.

    `rules` are axe's tags; without any, the rules that axe applies by itself.
    """
    options = {**_OPTIONS, "runOnly": rules} if rules else _OPTIONS
    return [
        f"{found['id']}: {node['html'][:200]} {node.get('failureSummary')}"
        for found in _AXE.run(page, options=options).response["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
    ]


def play_sockets(page: Page) -> list[WebSocketRoute]:
    """Open every WebSocket of a page without asking a server; return those that are opened."""
    opened: list[WebSocketRoute] = []
    page.route_web_socket("**/health-updates", lambda socket: opened.append(socket))
    return opened


def seat(page: Page, person: User, *, url: str) -> None:
    """Sign a person in without the form, which works without scripts and before any page."""
    client = Client()
    client.force_login(person)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
