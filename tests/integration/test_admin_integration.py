"""Staff tune an integration: what the API refuses is refused, and what it does at once is done."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations_health.models import HealthCheck, Integration
from tests import factories
from tests.admin_pages import url

pytestmark = pytest.mark.django_db

FORM = {
    "display_name": "",
    "enabled": "on",
    "interval_seconds": 300,
    "probe_policy": "always",
    "probe_every": 12,
    "probe_arguments": "",
}


def tune(staff: Client, integration: Integration, **fields: Any) -> Any:
    return staff.post(url(Integration, "change", integration.pk), FORM | fields)


@pytest.mark.parametrize(
    "said", ["[1]", '"x"', "5", "NaN", '{"a": NaN}', '{"a": 1e999}', r'{"a": "\u0000"}']
)
def test_what_no_tool_can_be_called_with_is_refused(staff: Client, said: str) -> None:
    integration = factories.integration(probe_arguments={"limit": 1})

    answer = tune(staff, integration, probe_arguments=said)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"probe_arguments"}
    integration.refresh_from_db()
    assert integration.probe_arguments == {"limit": 1}


@pytest.mark.parametrize(("said", "kept"), [("", None), ('{"limit": 2}', {"limit": 2})])
def test_the_arguments_of_a_probe_are_kept_as_they_are_typed(
    staff: Client, said: str, kept: object
) -> None:
    integration = factories.integration(probe_arguments={"limit": 1})

    tune(staff, integration, probe_arguments=said)

    integration.refresh_from_db()
    assert integration.probe_arguments == kept


@pytest.mark.parametrize(
    ("made", "said"),
    [({"enabled": False}, {}), ({"interval_seconds": 3600}, {}), ({}, {"probe_tool": "ANOTHER"})],
)
def test_what_resumes_or_is_asked_otherwise_is_checked_at_once(
    staff: Client, made: dict[str, Any], said: dict[str, Any]
) -> None:
    later = timezone.now() + timedelta(hours=1)
    integration = factories.integration(**made, next_check_at=later)

    tune(staff, integration, **said)

    assert HealthCheck.objects.get(integration=integration).next_check_at <= timezone.now()


def test_a_new_name_alone_brings_no_check(staff: Client) -> None:
    later = timezone.now() + timedelta(hours=1)
    integration = factories.integration(next_check_at=later)

    tune(staff, integration, display_name="Work mail")

    integration.refresh_from_db()
    assert integration.display_name == "Work mail"
    assert HealthCheck.objects.get(integration=integration).next_check_at == later
