"""Registrations as a person or a provider gives them, and how they are written."""

from datetime import datetime
from typing import Any

from django.db import connection

from integrations_health import registry
from integrations_health.models import Integration
from integrations_health.registration import Registration
from integrations_health.registry import Changes


def registration(number: int = 1, **said: Any) -> Registration:
    fields: dict[str, Any] = {
        "user": f"app-{number}",
        "service": "gmail",
        "provider": "composio",
        "server_instance_id": f"ca_{number}",
        "place": f"line {number}",
    }
    return Registration(**fields | said)


def said_of(made: Integration, **said: Any) -> Registration:
    assert made.user.external_id is not None
    return Registration(
        user=made.user.external_id,
        service=made.service,
        provider=made.provider,
        server_instance_id=made.server_instance_id,
        **said,
    )


def register(*registrations: Registration) -> Changes:
    changes = Changes()
    with registry.writing(changes):
        registry.register(registrations, changes=changes)
    return changes


def counted(changes: Changes) -> tuple[int, int, int, int]:
    return changes.created, changes.updated, changes.unchanged, len(changes.people)


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return datetime.fromisoformat(str(*cursor.fetchone() or ()))
