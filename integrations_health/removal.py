"""Stop watching an integration, for good."""

from uuid import UUID

from django.db import transaction

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
        # In the order of every writer: the integration, its health, and then what hangs on them.
        if not list(rows.select_for_update().values_list("pk")):
            return False
        health_rows.lock([integration_id])
        rows.defer(*Integration.SECRETS).delete()
        return True
