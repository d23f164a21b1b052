"""Operators say that a provider fails for many, and that it is over; the rest only read it."""

from datetime import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from integrations_health.models import ProviderIncident
from tests import factories
from tests.admin_pages import url
from tests.roles import browser_of, member

pytestmark = pytest.mark.django_db

ADD = {"provider": "composio", "service": "gmail", "cause": "provider"}


def test_an_operator_opens_an_incident_and_closes_it() -> None:
    client = browser_of(member("operator"))

    client.post(url(ProviderIncident, "add"), ADD)
    opened = ProviderIncident.objects.get()
    was_open = opened.closed_at is None
    client.post(
        url(ProviderIncident, "changelist"),
        {"action": "close", "_selected_action": [str(opened.pk)]},
    )

    opened.refresh_from_db()
    assert (opened.provider, opened.service, opened.cause) == ("composio", "gmail", "provider")
    assert was_open
    assert opened.closed_at is not None
    said = LogEntry.objects.order_by("id").values_list("change_message", flat=True)
    assert list(said) == [
        "Added. Provider: “composio”. Service: “gmail”. Cause: “provider”.",
        "Closed.",
    ]


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"provider": "nobody"}, "provider", "Select a valid choice"),
        ({"cause": "ours"}, "cause", "Select a valid choice"),
        ({}, "service", "An incident about this is open already."),
    ],
)
def test_a_bad_incident_is_refused_with_the_field(
    changed: dict[str, str], field: str, problem: str
) -> None:
    factories.incident(provider="composio", service="gmail")

    answer = browser_of(member("operator")).post(url(ProviderIncident, "add"), ADD | changed)

    assert problem in " ".join(answer.context["adminform"].form.errors[field])
    assert ProviderIncident.objects.count() == 1


def test_what_was_said_of_an_incident_stands(now: datetime) -> None:
    incident = factories.incident(provider="composio", opened_at=now)

    browser_of(member("operator")).post(
        url(ProviderIncident, "change", incident.pk), {"provider": "klavis", "affected_users": 9}
    )

    incident.refresh_from_db()
    assert (incident.provider, incident.affected_users) == ("composio", 0)


def test_an_incident_that_opens_in_the_future_closes_no_sooner(now: datetime) -> None:
    incident = factories.incident(opened_at=now)

    browser_of(member("operator")).post(
        url(ProviderIncident, "changelist"),
        {"action": "close", "_selected_action": [str(incident.pk)]},
    )

    incident.refresh_from_db()
    assert incident.closed_at == now


def test_support_only_reads_incidents() -> None:
    incident, client = factories.incident(), browser_of(member("support"))

    assert client.get(url(ProviderIncident, "change", incident.pk)).status_code == 200
    assert client.post(url(ProviderIncident, "add"), ADD).status_code == 403
    client.post(
        url(ProviderIncident, "changelist"),
        {"action": "close", "_selected_action": [str(incident.pk)]},
    )
    incident.refresh_from_db()
    assert incident.closed_at is None


def test_an_incident_ends_by_being_closed_and_is_never_deleted(staff: Client) -> None:
    one = factories.incident()

    answer = staff.post(url(ProviderIncident, "delete", one.pk), {"post": "yes"})
    listed = staff.get(url(ProviderIncident, "changelist"))

    assert answer.status_code == 403
    assert ProviderIncident.objects.filter(pk=one.pk).exists()
    assert "delete_selected" not in listed.content.decode()
