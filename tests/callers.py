"""Callers of the API: users with a token, staff, the application's back end."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from config import celery
from integrations_health import api_keys, tokens
from integrations_health.access import OWN, Scope
from integrations_health.models import User
from tests import keys

# As the web process does, whose requests wake workers.
celery.app.set_default()


def token_of(user: User, *more: Scope) -> str:
    settings.JWT_SECRET = keys.SECRET
    now = timezone.now()
    return tokens.issue(user, lifetime=timedelta(hours=1), scopes=OWN | {*more}, now=now)


def as_user(user: User, *more: Scope) -> Client:
    """Return a client that shows a token of `user`."""
    return Client(headers={"Authorization": f"Bearer {token_of(user, *more)}"})


def as_staff(user: User) -> Client:
    """Return a client whose token lets it see everybody's."""
    return as_user(user, Scope.STAFF)


def as_back_end(*, acting_for: str | None = None, may_write: bool = True) -> Client:
    """Return a client with an API key, which acts for a user when asked to."""
    made = api_keys.make("tests", may_write=may_write, expires_at=None)
    headers = {"Authorization": f"Bearer {made.key}"}
    return Client(headers=headers | ({"X-Act-For": acting_for} if acting_for else {}))


def send(client: Client, method: str, path: str, body: Any = None, **more: Any) -> Any:
    """Send JSON and return the answer."""
    return getattr(client, method)(path, body, content_type="application/json", **more)
