"""What staff do is written down: one row for each thing, one statement for all."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from integrations_health import audit
from integrations_health.models import Integration, User
from tests import factories
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
