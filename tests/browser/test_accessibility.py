"""axe-core finds nothing serious on any page, in either theme, narrow or wide."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations_health.models import User
from tests import factories
from tests.browser.conftest import PASSWORD, Complaints, sign_in
from tests.browser.looking import STRICT, grave_faults

PAGES = ("/", "/?range=24h&by=service", "/?show=unstable", "/no-such-page/", "/sign-in/")


@pytest.fixture
def every_state(person: User) -> None:
    """Give the person one integration of every kind, and an incident."""
    now = timezone.now()
    for number, (status, code) in enumerate(
        [
            ("healthy", ""),
            ("degraded", "slow"),
            ("unhealthy", "auth_expired"),
            ("unhealthy", "timeout"),
            ("unknown", "key_rejected"),
        ]
    ):
        watched = factories.integration(
            user=person,
            provider="composio" if number % 2 else "klavis",
            service=("gmail", "slack", "calendar")[number % 3],
            status=status,
            error_code=code,
            error_message=f"It is {code}." if code else "",
            last_check_at=now,
            status_since=now - timedelta(hours=number),
            manual_at=now if number == 1 else None,
        )
        factories.daily_health(watched, day=now.date() - timedelta(days=2), downtime_seconds=900)
        factories.daily_health(watched, day=now.date() - timedelta(days=3), degraded_seconds=900)
    factories.integration(user=person, service="notion")
    factories.integration(user=person, service="drive", enabled=False)
    factories.incident(provider="klavis", opened_at=now - timedelta(hours=1))
    factories.gap(started_at=now - timedelta(days=9), ended_at=now - timedelta(days=8, hours=20))


@pytest.mark.usefixtures("every_state")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    opened: Callable[..., Page], complaints: Complaints, theme: str, width: int
) -> None:
    page = opened(color_scheme=theme, viewport={"width": width, "height": 900})
    page.route_web_socket("**/health-updates", lambda socket: None)
    found = {}
    page.goto("/sign-in/")
    found["sign-in"] = grave_faults(page, rules=STRICT)
    sign_in(page)
    for path in PAGES[:-1]:
        page.goto(path)
        if page.locator(".bar").count():
            expect(page.locator(".cell").first).to_be_attached()

        found[path] = grave_faults(page, rules=STRICT)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path

    assert {path: said for path, said in found.items() if said} == {}
    complaints.expect("404 (Not Found)")  # the page that is not there


@pytest.mark.parametrize("width", [390, 1280])
def test_a_long_name_makes_no_page_wider_than_its_window(
    opened: Callable[..., Page], width: int
) -> None:
    ann = factories.staff(username="ann", password=PASSWORD)
    bad = {"status": "unhealthy", "error_code": "auth_expired", "last_check_at": timezone.now()}
    named = factories.integration(user=ann, display_name="W" * 200, **bad)
    unnamed = factories.integration(user=ann, service="s" * 50)
    page = opened(viewport={"width": width, "height": 900})
    page.route_web_socket("**/health-updates", lambda socket: None)
    sign_in(page)
    wide = {}
    for path in (
        *("/", "/?by=service", f"/integrations/{named.pk}/", f"/integrations/{unnamed.pk}/"),
        *(f"/admin/integrations_health/integration/{one.pk}/change/" for one in (named, unnamed)),
    ):
        page.goto(path)
        wide[path] = page.evaluate("document.documentElement.scrollWidth")

    assert {path: found for path, found in wide.items() if found > width} == {}
