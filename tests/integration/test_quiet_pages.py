"""The pages of silences and maintenance: what they hide is seen before it is saved."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from alerts.models import MaintenanceWindow, Silence
from integrations_health.models import User
from tests import factories
from tests.admin_pages import url
from tests.roles import browser_of, member

pytestmark = pytest.mark.django_db

ADD = url(Silence, "add")


def form(**fields: Any) -> dict[str, Any]:
    """Return what the form sends: an hour of quiet about Gmail."""
    ends_at = timezone.now() + timedelta(hours=1)
    return {
        "service": "gmail",
        "provider": "",
        "error_code": "",
        "user": "",
        "integration": "",
        "rule": "",
        "alert": "",
        "starts_at_0": "",
        "starts_at_1": "",
        "ends_at_0": f"{ends_at:%Y-%m-%d}",
        "ends_at_1": f"{ends_at:%H:%M:%S}",
        "comment": "We know.",
    } | fields


def saved(client: Client, address: str, **fields: Any) -> Any:
    """Look at what it hides, then save it: as a person does, with what the page gave."""
    looked = client.post(address, form(**fields) | {"_preview": "1"})
    seal = looked.context["seal"]
    return client.post(address, form(**fields) | {"_save": "1", "previewed": seal})


def errors(answer: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return found


def test_what_it_hides_is_shown_first_and_not_saved(staff: Client) -> None:
    for number in range(22):
        factories.alert(message=f"Gmail {number} fails.")
    factories.alert(integration=factories.integration(service="slack"), message="Slack fails.")

    answer = staff.post(ADD, form(_preview="1"))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "22 open alerts, the first 20 are:" in page
    assert page.count(" fails.</a>") == 20
    assert "Slack fails." not in page
    assert not Silence.objects.exists()


def test_who_saves_unseen_is_shown_it_first(staff: Client) -> None:
    answer = staff.post(ADD, form(_save="1"))

    assert answer.status_code == 200
    assert "Not saved yet: what it hides now" in answer.content.decode()
    assert not Silence.objects.exists()


def test_what_was_seen_is_saved_with_its_author(staff: Client) -> None:
    answer = saved(staff, ADD)

    assert answer.status_code == 302
    made = Silence.objects.get()
    assert (made.service, made.comment) == ("gmail", "We know.")
    assert made.author is not None
    assert made.author.is_staff
    assert abs(made.starts_at - timezone.now()) < timedelta(minutes=1)
    assert "We know." in LogEntry.objects.get().change_message


def test_what_was_changed_since_is_shown_again(staff: Client) -> None:
    seal = staff.post(ADD, form(_preview="1")).context["seal"]

    answer = staff.post(ADD, form(_save="1", previewed=seal, service="slack"))

    assert "Not saved yet" in answer.content.decode()
    assert not Silence.objects.exists()


def test_another_end_and_comment_hide_nothing_else_and_are_saved(staff: Client) -> None:
    seal = staff.post(ADD, form(_preview="1")).context["seal"]

    answer = staff.post(ADD, form(_save="1", previewed=seal, comment="Really."))

    assert answer.status_code == 302
    assert Silence.objects.get().comment == "Really."


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"comment": ""}, "comment", "This field is required."),
        ({"ends_at_0": "", "ends_at_1": ""}, "ends_at", "Type when the silence ends."),
        (
            {"ends_at_0": "2020-01-01", "ends_at_1": "10:00:00"},
            "ends_at",
            "Type an end after the start.",
        ),
        (
            {"ends_at_0": "2999-01-01", "ends_at_1": "10:00:00"},
            "ends_at",
            "Type an end within 366 days of the start.",
        ),
        ({"service": "gmial"}, "service", "Type one such as calendar, gmail, slack"),
        ({"provider": "compsio"}, "provider", "Type one of composio, klavis, mcp"),
        ({"service": ""}, "__all__", "Fill in what the silence hides."),
        ({"user": "nobody"}, "user", "Type the id of an existing user"),
        (
            {"integration": "7d7e0b0c-0000-4000-8000-000000000000"},
            "integration",
            "Type the id of an existing integration",
        ),
        ({"error_code": "whatever"}, "error_code", "Select a valid choice."),
    ],
)
@pytest.mark.parametrize("button", ["_preview", "_save"])
def test_what_is_wrong_is_named(
    staff: Client, button: str, fields: dict[str, str], field: str, expected: str
) -> None:
    answer = staff.post(ADD, form(**fields) | {button: "1"})

    assert answer.status_code == 200
    assert expected in str(errors(answer)[field])
    assert not Silence.objects.exists()


def test_a_silence_of_one_alert_needs_no_end(staff: Client) -> None:
    alert = factories.alert()

    answer = saved(staff, ADD, service="", alert=str(alert.pk), ends_at_0="", ends_at_1="")

    assert answer.status_code == 302
    made = Silence.objects.get()
    assert (made.alert, made.ends_at) == (alert, None)


def test_an_alerts_page_leads_to_a_silence_of_it_or_of_its_cause(staff: Client) -> None:
    alert = factories.alert(error_code="timeout")
    page = staff.get(f"/admin/alerts/alert/{alert.pk}/change/").content.decode()

    assert f"{ADD}?alert={alert.pk}" in page
    cause = f"{ADD}?provider=composio&amp;service=gmail&amp;error_code=timeout"
    assert cause in page
    filled_in = staff.get(cause.replace("&amp;", "&")).context["adminform"].form.initial
    assert (filled_in["provider"], filled_in["service"]) == ("composio", "gmail")


def test_no_secret_is_read_to_name_an_integration(staff: Client) -> None:
    integration = factories.integration(display_name="Ann's Gmail", server_url="https://a/secret")
    silence = factories.silence(service="", integration=integration)
    pages = [url(Silence, "changelist"), url(Silence, "change", silence.pk)]

    shown = [staff.get(page).content.decode() for page in pages]

    assert all("Ann&#x27;s Gmail" in page for page in shown)
    assert not any("a/secret" in page for page in shown)


def test_maintenance_of_everything_is_seen_and_saved_and_says_that_checks_go_on(
    staff: Client,
) -> None:
    factories.alert()
    add = url(MaintenanceWindow, "add")

    looked = staff.post(add, form(service="", _preview="1"))
    answer = saved(staff, add, service="")

    page = looked.content.decode()
    assert "Checks go on during maintenance" in page
    assert "1 open alert:" in page
    assert answer.status_code == 302
    assert MaintenanceWindow.objects.get().author == User.objects.get(is_superuser=True)


def test_a_window_is_not_said_to_be_about_one_alert(staff: Client) -> None:
    assert "single alert" in staff.get(ADD).content.decode()
    assert "single alert" not in staff.get(url(MaintenanceWindow, "add")).content.decode()


def test_support_silences_and_only_looks_at_maintenance() -> None:
    support = browser_of(member("support"))
    window = factories.maintenance()

    assert saved(support, ADD).status_code == 302
    assert support.get(url(MaintenanceWindow, "add")).status_code == 403
    page = support.get(url(MaintenanceWindow, "change", window.pk))
    assert page.status_code == 200
    assert "Show what it hides" not in page.content.decode()
