"""Support staff and alerts in a real browser: by keyboard alone, without scripts, in any look."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from alerts.models import Alert, AlertRule, MaintenanceWindow, Silence
from integrations_health.models import User
from tests import factories, roles
from tests.admin_pages import url
from tests.browser.looking import grave_faults, seat
from tests.web_process import Web

NASTY = "<script>document.title = 'owned'</script>\"'><img src=x onerror=alert(2)>{{ 7 }}\u202egpj"
LIST = url(Alert, "changelist")


@pytest.fixture
def support(transactional_db: None) -> User:
    """Return somebody of support, with a cause that has two alerts, and one beside it."""
    roles.bring()
    hour = timedelta(hours=1)
    later = timezone.now() + hour
    for name in ("Ann's mail", "Bob's mail"):
        watched = factories.integration(
            display_name=name, status="unhealthy", error_code="timeout", next_check_at=later
        )
        factories.history(watched, status="unhealthy", outcome="timeout", response_time_ms=None)
        factories.alert(integration=watched, error_code="timeout", message=f"{name} fails.")
    slack = factories.integration(service="slack", display_name=NASTY)
    factories.alert(integration=slack, severity="warning", message=NASTY, error_code="auth_expired")
    return roles.member("support", username="sue")


def reach(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Press Tab until `target` has the focus, as somebody without a mouse does."""
    expect(target).to_be_visible()
    for _ in range(150):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"the keyboard does not reach {target}")


def press(page: Page, target: Locator, *, key: str = "Tab") -> None:
    reach(page, target, key=key)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_support_looks_after_a_group_and_silences_one_by_keyboard_alone(
    opened: Callable[..., Page], server: Web, support: User, scripts: bool
) -> None:
    page = opened(java_script_enabled=scripts)
    seat(page, support, url=server.url)
    button, link = page.get_by_role, page.get_by_role

    page.goto(LIST)
    reach(page, page.get_by_label("Note"))
    page.keyboard.type("Calling them.")
    reach(page, page.get_by_role("checkbox", name="Choose all of Gmail via Composio: timeout"))
    page.keyboard.press("Space")
    acknowledge = button("button", name="Acknowledge", exact=True).first
    press(page, acknowledge, key="Shift+Tab")
    expect(page.get_by_text("2 alerts acknowledged.")).to_be_visible()

    press(page, link("link", name="Ann's mail fails."))
    press(page, link("link", name="silence this alert"))
    reach(page, page.get_by_label("Comment"))
    page.keyboard.type("She knows.")
    press(page, button("button", name="Show what it hides"))
    expect(page.get_by_text("1 open alert:")).to_be_visible()
    assert not Silence.objects.exists()
    press(page, button("button", name="Save", exact=True))
    expect(page.get_by_text("was added successfully")).to_be_visible()

    press(page, link("link", name="Open alerts"))
    press(page, link("link", name="Ann's mail fails."))
    timeline = page.get_by_role("table", name="What happened, the oldest first")
    expect(timeline).to_contain_text("The provider did not answer in time.")
    expect(timeline).to_contain_text("Acknowledged: Calling them.")
    expect(timeline).to_contain_text("Silenced until it is resolved: She knows.")
    assert set(
        Alert.objects.exclude(acknowledged_at=None).values_list("error_code", flat=True)
    ) == {"timeout"}
    silence = Silence.objects.get()
    assert (silence.author, silence.comment, silence.ends_at) == (support, "She knows.", None)


def pages() -> dict[str, str]:
    """Return the address of each page, with what comes from outside on it."""
    alert = Alert.objects.get(message=NASTY)
    silence = factories.silence(alert=alert, comment=NASTY)
    window = factories.maintenance(comment=NASTY)
    rule = factories.rule(name=NASTY)
    return {
        "list": LIST,
        "group": f"{LIST}?cause=composio/slack/auth_expired",
        "resolved": f"{LIST}?state=resolved",
        "alert": url(Alert, "change", alert.pk),
        "silences": url(Silence, "changelist"),
        "silence": url(Silence, "change", silence.pk),
        "windows": url(MaintenanceWindow, "changelist"),
        "window": url(MaintenanceWindow, "change", window.pk),
        "rules": url(AlertRule, "changelist"),
        "rule": url(AlertRule, "change", rule.pk),
    }


@pytest.mark.usefixtures("support")
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_usable_by_everybody_and_runs_nothing_from_outside(
    opened: Callable[..., Page], server: Web, theme: str, width: int
) -> None:
    page = opened(color_scheme=theme, viewport={"width": width, "height": 900})
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    seat(page, roles.member("operator"), url=server.url)
    faults, wide = {}, {}

    for name, address in pages().items():
        page.goto(address)
        faults[name] = grave_faults(page)
        wide[name] = page.evaluate("document.documentElement.scrollWidth") > width
        assert page.title() != "owned"

    assert {name: found for name, found in faults.items() if found} == {}
    assert [name for name, is_too_wide in wide.items() if is_too_wide] == []
    assert dialogs == []


def test_what_is_to_be_confirmed_is_asked_and_then_done(
    opened: Callable[..., Page], server: Web, support: User
) -> None:
    page = opened()
    seat(page, support, url=server.url)
    page.goto(LIST)

    page.get_by_label("Act on Gmail via Composio").click()
    page.get_by_role("button", name="Silence for 1 h").locator("visible=true").last.click()
    expect(page.get_by_text("2 alerts of 2 users.")).to_be_visible()
    assert not Silence.objects.exists()
    page.get_by_role("button", name="Silence for 1 h: 2 alerts").click()

    expect(page.get_by_text("1 cause silenced for 1 h: 2 alerts")).to_be_visible()
    silence = Silence.objects.get()
    assert (silence.provider, silence.service, silence.error_code, silence.author) == (
        "composio",
        "gmail",
        "timeout",
        support,
    )
