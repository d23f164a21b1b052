"""What staff do is written down: one row for each thing, one statement for all."""

from collections.abc import Callable
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection
from django.db.models import Model
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from alerts.models import AlertRule
from integrations_health import audit
from integrations_health.models import ApiKey, Integration, User
from tests import factories, roles
from tests.admin_pages import url
from tests.roles import member
from tests.sessions import execute
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor() -> User:
    """Return whoever does it."""
    return factories.staff()


@pytest.fixture
def request_of(rf: RequestFactory, actor: User) -> HttpRequest:
    """Return a request of theirs."""
    request = rf.post("/")
    request.user = actor
    return request


def test_a_note_says_who_did_what_to_what(request_of: HttpRequest, actor: User) -> None:
    alert = factories.alert(message="Gmail is failing")

    audit.note(request_of, [alert], "Acknowledged: we know of it.")

    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.object_repr) == (
        actor,
        str(alert.pk),
        "Gmail is failing",
    )
    assert entry.get_edited_object() == alert
    assert entry.get_change_message() == "Acknowledged: we know of it."
    assert entry.is_change()


@pytest.mark.parametrize("count", [1, 50])
def test_any_number_of_rows_is_noted_in_one_statement(request_of: HttpRequest, count: int) -> None:
    alerts = [factories.alert() for _ in range(count)]
    audit.note(request_of, alerts[:1], "Django now knows the content type.")

    with counted_statements() as statements:
        audit.note(request_of, alerts, "Acknowledged.")

    assert len(statements) == 1
    assert LogEntry.objects.filter(change_message="Acknowledged.").count() == count


def test_nothing_is_noted_of_nothing(request_of: HttpRequest) -> None:
    with counted_statements() as statements:
        audit.note(request_of, [], "Acknowledged.")

    assert statements == []


def test_a_queryset_is_noted_without_reading_its_secrets(request_of: HttpRequest) -> None:
    factories.integration(server_url="https://a.example/part-of-a-secret")

    with CaptureQueriesContext(connection) as queries:
        audit.note(request_of, Integration.objects.all(), "Looked at.")

    assert LogEntry.objects.get().object_repr == "gmail via composio"
    assert not any("server_url" in query["sql"] for query in queries)


@pytest.fixture
def desk(client: Client, actor: User) -> Client:
    """Return the browser of whoever does it."""
    client.force_login(actor)
    return client


def said(row: Model) -> list[str]:
    """Return what the history page of a row tells, oldest first."""
    entries = LogEntry.objects.filter(object_id=str(row.pk)).order_by("id")
    return [entry.get_change_message() for entry in entries]


TUNED = {"display_name": "", "interval_seconds": 600, "probe_policy": "always", "probe_every": 12}


def test_a_change_says_before_and_after(desk: Client) -> None:
    integration = factories.integration(interval_seconds=300)

    desk.post(url(Integration, "change", integration.pk), TUNED)

    assert said(integration) == ["Enabled: yes → no. Interval seconds: 300 → 600."]


def test_a_change_of_rights_names_them(desk: Client) -> None:
    person = factories.user()
    support = roles.role("support")

    desk.post(
        url(User, "change", person.pk),
        {
            "username": person.username,
            "timezone": "UTC",
            "external_id": person.external_id,
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00",
            "is_active": "on",
            "is_staff": "on",
            "groups": [support.pk],
        },
    )

    (line,) = said(person)
    assert "Staff status: no → yes. " in line
    assert "Groups: nothing → support." in line


def test_a_new_row_says_what_it_holds(desk: Client) -> None:
    sent = {
        "name": "Slow",
        "condition": "response_time",
        "threshold": 5000,
        "window_minutes": 60,
        "minimum_checks": 5,
        "severity": "warning",
        "action": "email",
        "cooldown_minutes": 30,
    }

    desk.post(url(AlertRule, "add"), sent)

    (line,) = said(AlertRule.objects.get(name="Slow"))
    assert line.startswith("Added. Name: “Slow”. Enabled: no. Condition: “response_time”.")


@pytest.mark.usefixtures("no_rules")
@pytest.mark.parametrize("many", [False, True], ids=["its page", "in bulk"])
def test_a_deletion_says_what_was_there(desk: Client, *, many: bool) -> None:
    rules = [factories.rule(name="Old", threshold=7), factories.rule(name="Older", threshold=9)]
    confirmed = {"post": "yes", "action": "delete_selected"}

    if many:
        chosen = {"_selected_action": [str(rule.pk) for rule in rules]}
        desk.post(url(AlertRule, "changelist"), confirmed | chosen)
    else:
        for rule in rules:
            desk.post(url(AlertRule, "delete", rule.pk), confirmed)

    assert not AlertRule.objects.exists()
    for rule, threshold in zip(rules, ["7.0", "9.0"], strict=True):
        (line,) = said(rule)
        assert line.startswith("Deleted. ")
        assert f"Threshold was {threshold}." in line


def test_a_new_password_is_noted_and_not_told(desk: Client) -> None:
    person = factories.user()
    new = {"usable_password": "true", "password1": "long-enough-9", "password2": "long-enough-9"}

    desk.post(f"/admin/integrations_health/user/{person.pk}/password/", new | {"set-password": "1"})

    (line,) = said(person)
    assert line == "Password was set."


def test_who_changes_their_own_password_leaves_a_row(client: Client) -> None:
    actor = member("support", password="correct horse 1")
    client.force_login(actor)
    new = {"new_password1": "long-enough-9", "new_password2": "long-enough-9"}

    for old in ("wrong", "correct horse 1"):
        client.post("/admin/password_change/", new | {"old_password": old})

    actor.refresh_from_db()
    assert actor.check_password("long-enough-9")
    assert said(actor) == ["Own password was set."]


def test_a_revoked_key_is_noted_once(desk: Client) -> None:
    key = factories.api_key()
    chosen = {"action": "revoke", "_selected_action": [str(key.pk)]}

    for _ in range(2):
        desk.post(url(ApiKey, "changelist"), chosen)

    assert said(key) == ["Revoked."]


@pytest.mark.parametrize("page", ["history", "audit log"])
def test_what_was_done_is_read_in_the_admin(desk: Client, page: str) -> None:
    integration = factories.integration(interval_seconds=300)
    desk.post(url(Integration, "change", integration.pk), TUNED)
    pages = {
        "history": url(Integration, "history", integration.pk),
        "audit log": url(LogEntry, "changelist"),
    }

    shown = desk.get(pages[page]).content.decode()

    assert "Interval seconds: 300 → 600." in shown


@pytest.mark.parametrize(
    "by",
    [
        lambda: LogEntry.objects.all().delete(),
        lambda: LogEntry.objects.update(change_message="Nothing happened."),
        lambda: User.objects.filter(is_superuser=True).delete(),
        lambda: execute("DELETE FROM django_admin_log"),
    ],
    ids=["the rows", "their words", "with who did it", "in SQL"],
)
def test_an_audit_row_is_taken_back_by_nobody(
    request_of: HttpRequest, by: Callable[[], object]
) -> None:
    audit.note(request_of, [factories.alert()], "Acknowledged.")

    with pytest.raises(IntegrityError, match="audit rows stay"):
        by()


def test_who_left_audit_rows_is_switched_off_instead_of_deleted(
    desk: Client, request_of: HttpRequest
) -> None:
    actor = member("support", username="sue")
    request_of.user = actor
    audit.note(request_of, [factories.alert()], "Acknowledged.")

    answer = desk.post(url(User, "delete", actor.pk), {"post": "yes"})

    assert f"What {actor} did here stays on record" in unescape(answer.content.decode())
    assert User.objects.filter(pk=actor.pk).exists()
