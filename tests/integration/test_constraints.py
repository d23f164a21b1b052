"""What must never be false, tried against PostgreSQL itself."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from integrations_health.models import HealthCheck, Integration, User
from tests import factories

pytestmark = pytest.mark.django_db


def execute(sql: str, *arguments: Any) -> None:
    """Run raw SQL, as an import or a hand at the console would, and check it at once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_a_new_integration_has_a_health_row_that_is_due() -> None:
    integration = factories.integration(service="slack", provider="klavis", enabled=False)

    health = HealthCheck.objects.get(integration=integration)

    assert health.user_id == integration.user_id
    assert (health.service, health.provider, health.enabled) == ("slack", "klavis", False)
    assert health.next_check_at <= health.created_at
