"""An integration and its health row come, change and go together."""

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import Q

from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.sessions import execute

pytestmark = pytest.mark.django_db


def test_a_new_integration_has_a_health_row_that_is_due() -> None:
    integration = factories.integration(service="slack", provider="klavis", enabled=False)

    health = HealthCheck.objects.get(integration=integration)
    assert health.user_id == integration.user_id
    assert (health.service, health.provider, health.enabled) == ("slack", "klavis", False)
    assert (health.status, health.check_seq) == ("unknown", 0)
    assert health.next_check_at <= health.created_at


def test_integrations_made_in_bulk_have_a_health_row_each() -> None:
    owner = factories.user()

    Integration.objects.bulk_create(
        Integration(user=owner, service="gmail", provider="mcp", server_instance_id=str(number))
        for number in range(50)
    )

    assert HealthCheck.objects.filter(user=owner, provider="mcp", enabled=True).count() == 50


def test_an_import_by_sql_needs_to_name_no_more_than_the_connection() -> None:
    owner = factories.user()

    execute(
        "INSERT INTO user_integrations (user_id, service, provider, server_instance_id)"
        " VALUES (%s, 'gmail', 'composio', 'ca_1'), (%s, 'slack', 'composio', 'ca_2')"
        " ON CONFLICT DO NOTHING",
        owner.pk,
        owner.pk,
    )

    assert set(HealthCheck.objects.values_list("service", flat=True)) == {"gmail", "slack"}


def test_an_import_of_what_is_there_makes_no_second_health_row() -> None:
    integration = factories.integration()

    execute(
        "INSERT INTO user_integrations (id, user_id, service, provider, server_instance_id)"
        " SELECT id, user_id, service, provider, server_instance_id FROM user_integrations"
        " ON CONFLICT (id) DO UPDATE SET display_name = 'imported'"
    )

    assert HealthCheck.objects.get().integration_id == integration.pk


def test_what_the_health_row_copies_follows_the_integration() -> None:
    integration = factories.integration(enabled=True)
    other = factories.user()

    Integration.objects.filter(pk=integration.pk).update(
        enabled=False, provider="klavis", service="calendar", user=other
    )

    health = HealthCheck.objects.get(integration=integration)
    assert (health.enabled, health.provider, health.service) == (False, "klavis", "calendar")
    assert health.user_id == other.pk


@pytest.mark.parametrize("table", ["user_integrations", "users"])
def test_the_health_row_goes_with_its_integration(table: str) -> None:
    integration = factories.integration()

    if table == "users":
        User.objects.get(pk=integration.user_id).delete()
    else:
        execute("DELETE FROM user_integrations WHERE id = %s", integration.pk)

    assert not HealthCheck.objects.exists()
    execute("SELECT 1")  # nothing was left to be checked at the end


def test_only_history_stays_when_an_integration_goes() -> None:
    integration = factories.integration()
    row = factories.history(integration)
    factories.notification(alert=factories.alert(integration=integration))

    integration.delete()

    left = {
        model
        for app in ("integrations_health", "alerts")
        for model in apps.get_app_config(app).get_models()
        if _refers_to_integrations(model) and model._default_manager.exists()
    }
    assert left == {type(row)}


def _refers_to_integrations(model: type[models.Model]) -> bool:
    names = {field.attname for field in model._meta.concrete_fields}
    return bool(names & {"integration_id", "alert_id"})


@pytest.mark.parametrize(
    "which", [Q(status="unhealthy"), Q(status="unknown"), ~Q(status="healthy")]
)
def test_who_is_not_healthy_is_found_by_the_index_on_status(which: Q) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = HealthCheck.objects.filter(which).explain()

    assert "idx_health_status" in plan
