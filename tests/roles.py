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
_BRINGING = {"0007_bring_the_roles": "bring", "0012_ask_owners_to_reconnect": "grant"}


def bring() -> None:
    """Bring the roles, as their migrations do."""
    for name, what in _BRINGING.items():
        migration = import_module(f"alerts.migrations.{name}")
        getattr(migration, what)(apps, connection.schema_editor())


def role(name: str) -> Group:
    """Return a role, brought again where a test that commits has emptied all tables."""
    if not Group.objects.filter(name=name).exists():
        bring()
    return Group.objects.get(name=name)


def rights(name: str) -> set[str]:
    """Return what a role may do, as `app.right`."""
    return {
        f"{app}.{right}"
        for app, right in role(name).permissions.values_list("content_type__app_label", "codename")
    }


def member(name: str, **fields: Any) -> User:
    """Make somebody of the staff with the role of this name, and nothing else."""
    person = factories.user(**{"is_staff": True} | fields)
    person.groups.add(role(name))
    return person


def browser_of(person: User) -> Client:
    """Return a browser in which this person is signed in."""
    client = Client()
    client.force_login(person)
    return client
