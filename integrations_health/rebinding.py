"""Put a new connection in the place of an integration's old one, which stays as it is."""

from datetime import datetime
from functools import partial

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Greatest

from integrations_health import live
from integrations_health.models import Integration, ReauthRequest
from integrations_health.providers.base import Account

# Due at once. What is being asked of the old connection says nothing of the new one: its number is
# used up, and what it finds is only added to the history.
_START_ANEW = """
UPDATE integration_health_checks h
SET check_seq = h.check_seq + 1, crash_count = 0, parked_at = NULL, active_since = NULL,
    suspected_at = NULL,
    next_check_at = %(now)s, slot_at = NULL, manual_at = NULL,
    state_version = h.state_version + 1, updated_at = %(now)s
WHERE h.integration_id = %(integration_id)s
"""


class Taken(Exception):
    """Another integration watches this connection already."""


def rebind(
    watched: Integration, account: Account, *, request: ReauthRequest, now: datetime
) -> None:
    """Watch `account` from now on, under the same id and with the same past. Raises Taken.

    Inside a transaction, with the integration's row locked. Whoever records a check holds its
    health row and then the integration for a moment: so this one writes the integration last.
    """
    new = account.connection
    others = Integration.objects.filter(
        provider=watched.provider, server_instance_id=new.server_instance_id
    ).exclude(pk=watched.pk)
    # Who keeps their connection takes nothing, though it may serve more than this.
    if new.server_instance_id != watched.server_instance_id and others.exists():
        raise Taken
    with connection.cursor() as cursor:
        cursor.execute(_START_ANEW, {"now": now, "integration_id": watched.pk})
    try:
        with transaction.atomic():
            Integration.objects.filter(pk=watched.pk).update(
                server_instance_id=new.server_instance_id,
                auth_config_id=new.auth_config_id or watched.auth_config_id,
                connected_at=now,
                updated_at=now,
            )
    except IntegrityError:
        raise Taken from None  # registered while we looked
    ReauthRequest.objects.filter(pk=request.pk).update(
        closed_at=Greatest("opened_at", now),
        old_instance_id=watched.server_instance_id,
        new_instance_id=new.server_instance_id,
    )
    transaction.on_commit(partial(live.push, {watched.pk: watched.user_id}))
