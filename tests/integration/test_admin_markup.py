"""What people and providers write is shown in the admin as they wrote it, and never runs."""

from html.parser import HTMLParser

import pytest
from django.db import models
from django.test import Client

from alerts.models import Alert, AlertRule, Decision, Notification
from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.admin_pages import url

pytestmark = pytest.mark.django_db

MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7|add:7 }}{% now %}",
    "</title><svg onload=alert(1)>",
    "</textarea><iframe src=javascript:alert(1)>",
    "\u202egnp.exe",
]
OUR_SCRIPTS = ("/static/", "/admin/jsi18n/")


class Elements(HTMLParser):
    """Collects what a page would run."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "script" and not (held.get("src") or "").startswith(OUR_SCRIPTS):
            self.running.append(str(self.get_starttag_text()))
        if tag in {"iframe", "object", "embed", "base", "style"}:
            self.running.append(str(self.get_starttag_text()))
        self.running += [f"{name}={value}" for name, value in attrs if name.startswith("on")]
        self.running += [
            f"{name}={value}"
            for name, value in attrs
            if name == "style" or (value or "").strip().lower().startswith("javascript:")
        ]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_shown_and_never_runs(staff: Client, text: str) -> None:
    person = factories.user(username=text, external_id=text, first_name=text)
    integration = factories.integration(
        user=person,
        display_name=text,
        server_instance_id=text,
        status="unhealthy",
        error_code="timeout",
        error_message=text,
    )
    rule = factories.rule(name=text)
    alert = factories.alert(integration=integration, message=text)
    told = factories.notification(alert=alert, last_error=text)
    decided = Decision.objects.create(alert=alert, at=alert.created_at, verdict="told", reason=text)
    tuned = {"interval_seconds": 600, "probe_policy": "always", "probe_every": 12}
    staff.post(url(Integration, "change", integration.pk), {"display_name": text + "!"} | tuned)
    rows: dict[type[models.Model], models.Model] = {
        User: person,
        Integration: integration,
        HealthCheck: integration.health,
        AlertRule: rule,
        Alert: alert,
        Notification: told,
        Decision: decided,
    }

    pages = ["/admin/admin/logentry/", "/admin/tables/"]
    for model, row in rows.items():
        pages.append(url(model, "changelist"))
        pages += [url(model, page, row.pk) for page in ("change", "history")]
    pages += [url(model, "delete", rows[model].pk) for model in (User, Integration, AlertRule)]

    running = {}
    for page in pages:
        answer = staff.get(page)
        assert answer.status_code == 200, page
        elements = Elements()
        elements.feed(answer.content.decode())
        running[page] = elements.running
    assert {page: found for page, found in running.items() if found} == {}


def test_every_page_has_the_policy_that_runs_nothing_inline(staff: Client) -> None:
    pages = ["/admin/tables/", "/admin/system/", url(AlertRule, "add"), url(Alert, "changelist")]

    for page in pages:
        policy = staff.get(page)["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "default-src 'none'" in policy


def test_nothing_is_done_by_a_link_or_without_the_forms_proof() -> None:
    rule, actor = factories.rule(), factories.staff()
    client = Client(enforce_csrf_checks=True)
    client.force_login(actor)
    chosen = {"action": "delete_selected", "_selected_action": [str(rule.pk)], "post": "yes"}

    by_link = [
        client.get(url(AlertRule, "changelist"), chosen),
        client.get(url(AlertRule, "delete", rule.pk), {"post": "yes"}),
    ]
    without_proof = [
        client.post(url(AlertRule, "changelist"), chosen),
        client.post(url(AlertRule, "delete", rule.pk), {"post": "yes"}),
    ]

    assert {answer.status_code for answer in without_proof} == {403}
    assert {answer.status_code for answer in by_link} <= {200, 302}
    assert AlertRule.objects.filter(pk=rule.pk).exists()
