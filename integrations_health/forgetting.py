"""Forget what is kept for when the database is away, as soon as it is not so any more.

Rows leave by the API, the admin and commands, many through Django's own cascade: its signals are
how all of them tell, and this is the one place that hears them. What goes past Django, by SQL, is
forgotten when its time is over.
"""

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save

from integrations_health import api_keys, snapshots
from integrations_health.models import ApiKey, Integration, User


def hear() -> None:
    """Hear of changes from now on."""
    post_delete.connect(_integration_left, sender=Integration)
    for happened in (post_save, post_delete):
        happened.connect(_key_changed, sender=ApiKey)
        happened.connect(_user_changed, sender=User)


def _integration_left(*, instance: Integration, **_: Any) -> None:
    transaction.on_commit(partial(snapshots.remove, [instance.pk]))


def _key_changed(*, instance: ApiKey, created: bool = False, **_: Any) -> None:
    if not created:
        transaction.on_commit(partial(api_keys.forget, [instance]))


def _user_changed(
    *,
    instance: User,
    created: bool = False,
    update_fields: frozenset[str] | None = None,
    **_: Any,
) -> None:
    # Signing in writes `last_login` alone.
    if not created and (update_fields is None or "external_id" in update_fields):
        transaction.on_commit(partial(snapshots.unname, instance.pk))
