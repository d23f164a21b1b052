"""The admin in a real browser: strict about scripts, usable by everybody, wide and narrow."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from alerts.models import AlertRule
from integrations_health.models import HealthCheck, Integration, User
from tests import factories, roles
from tests.admin_pages import url
from tests.browser.conftest import PASSWORD, Complaints, sign_in
from tests.browser.looking import grave_faults


@pytest.fixture
def operator(transactional_db: None) -> User:
    """Return somebody who may change most of what there is, with something to see."""
    integration = factories.integration(status="degraded", error_code="slow")
    factories.alert(integration=integration, message="Gmail is slow.")
    factories.history(integration, checked_at=datetime.now(UTC))
    factories.notification(state="dead", is_collecting=False)
    factories.heartbeat()
    return roles.member("admin", username="olga", password=PASSWORD)


def pages() -> dict[str, str]:
    """Return the address of a page of each kind."""
    integration, rule = Integration.objects.earliest("created_at"), AlertRule.objects.earliest("pk")
    return {
        "tables": "/admin/tables/",
        "system": "/admin/system/",
        "app": "/admin/integrations_health/",
        "a list that is read": url(HealthCheck, "changelist"),
        "a list with actions": url(AlertRule, "changelist"),
        "people": url(User, "changelist"),
        "a page that is read": url(HealthCheck, "change", HealthCheck.objects.earliest("pk").pk),
        "a form": url(Integration, "change", integration.pk),
        "a person": url(User, "change", User.objects.get(username="olga").pk),
        "a new rule": url(AlertRule, "add"),
        "a deletion": url(AlertRule, "delete", rule.pk),
        "what was done": url(Integration, "history", integration.pk),
        "the log": "/admin/admin/logentry/",
        "a new password": "/admin/password_change/",
    }


def change_something(page: Page) -> None:
    """Change an integration, so that there is something in the log."""
    page.goto(pages()["a form"])
    page.get_by_label("Interval seconds").fill("600")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.timeout(300)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_window(
    opened: Callable[..., Page], complaints: Complaints, theme: str, width: int
) -> None:
    page = opened(color_scheme=theme, viewport={"width": width, "height": 900})
    sign_in(page, name="olga")
    change_something(page)
    faults, wide = {}, {}

    for name, address in pages().items():
        page.goto(address)
        faults[name] = grave_faults(page)
        wide[name] = page.evaluate("document.documentElement.scrollWidth") - width

    assert {name: found for name, found in faults.items() if found} == {}
    assert {name: more for name, more in wide.items() if more > 0} == {}


@pytest.mark.usefixtures("operator")
def test_the_theme_is_the_one_of_the_pages(
    opened: Callable[..., Page], complaints: Complaints
) -> None:
    page = opened(color_scheme="light")
    sign_in(page, name="olga")
    page.goto("/admin/tables/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")

    with page.expect_response("**/preferences/theme/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/admin/system/")

    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (light, dark) == ("rgb(245, 246, 248)", "rgb(13, 16, 20)")


@pytest.mark.usefixtures("operator")
def test_staff_begin_at_the_open_alerts_and_leave_by_the_same_door(
    opened: Callable[..., Page], complaints: Complaints
) -> None:
    page = opened()
    page.goto("/admin/")
    expect(page).to_have_url("/sign-in/?next=/admin/")

    page.get_by_label("Username").fill("olga")
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/admin/alerts/alert/")
    page.get_by_role("link", name="System").click()
    expect(page.get_by_role("heading", name="System", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url("/sign-in/")
    assert settings.SESSION_COOKIE_NAME not in {one["name"] for one in page.context.cookies()}
