"""Members of the staff, one in each role."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from integrations_health.models import User
from tests import factories

ROLES = ("support", "operator", "admin")


def bring() -> None:
    """Bring the roles again, where a test that commits has emptied all tables."""
    migration = import_module("alerts.migrations.0007_bring_the_roles")
    migration.bring(apps, connection.schema_editor())


def member(role: str, **fields: Any) -> User:
    """Make somebody of the staff with this role, and nothing else."""
    person = factories.user(**{"is_staff": True} | fields)
    person.groups.add(Group.objects.get(name=role))
    return person


def browser_of(person: User) -> Client:
    """Return a browser in which this person is signed in."""
    client = Client()
    client.force_login(person)
    return client
