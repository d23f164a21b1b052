"""Stop watching an integration, for good."""

from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from integrations_health import health_rows
from integrations_health.access import Caller
from integrations_health.models import Integration


def remove(caller: Caller, integration_id: UUID) -> bool:
    """Delete an integration with its health, alerts and notifications; say whether there was one.

    What its checks found in the past is reached by nobody any more, and leaves with its month. A
    check that is under way finds it gone.
    """
    rows = Integration.objects.visible_to(caller).filter(pk=integration_id)
    with transaction.atomic():
        if not lock(rows):
            return False
        rows.defer(*Integration.SECRETS).delete()
        return True


def lock(rows: QuerySet[Integration]) -> list[UUID]:
    """Lock integrations that are to be deleted until the transaction ends; return which.

    In the order of every writer: the integrations, their health, and then what hangs on them. Else
    a check that is recorded meanwhile would open an alert of what is gone.
    """
    # No key: an alert that is being opened shares it, and whoever opens it has the health already.
    locked = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    ids = list(locked.values_list("pk", flat=True))
    health_rows.lock(ids)
    return ids
