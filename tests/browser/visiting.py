"""Somebody who looks at pages in a real browser."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, WebSocketRoute

from integrations_health.models import User

PATIENCE_SECONDS = 20
_AXE = Axe()


class Visit:
    """One browser window, and everything that its console said."""

    def __init__(self, browser: Browser, base_url: str, **options: Any) -> None:
        """Open a window."""
        self.base_url = base_url
        self.context = browser.new_context(base_url=base_url, **options)
        self.context.set_default_timeout(1000 * PATIENCE_SECONDS)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def play_sockets(self) -> list[WebSocketRoute]:
        """Open every WebSocket without asking a server; return those that are opened."""
        opened: list[WebSocketRoute] = []
        self.page.route_web_socket("**/health-updates", lambda socket: opened.append(socket))
        return opened

    def sign_in(self, person: User) -> None:
        """Sign a person in, without the form."""
        client = Client()
        client.force_login(person)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": self.base_url}]
        )


def grave_faults(page: Page) -> list[tuple[str, list[str]]]:
    """Return what makes a page hard to use for some: axe's serious and critical findings."""
    return [
        (found["id"], [node["html"][:200] for node in found["nodes"]])
        for found in _AXE.run(page).response["violations"]
        if found["impact"] in {"serious", "critical"}
    ]
