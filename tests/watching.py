"""Let the product watch the simulator's accounts."""

from typing import Any

from integrations_health.models import HealthCheck, Integration
from integrations_health.providers.simulator import Account, Simulator
from tests import factories


def watch(simulator: Simulator, account: Account, **fields: Any) -> Integration:
    """Make the integration that stands for a simulated account."""
    needs_url = account.provider != "composio"
    return factories.integration(
        **{
            "provider": account.provider,
            "service": account.service.name,
            "server_instance_id": account.id,
            "provider_user_id": account.user_id,
            "auth_config_id": account.auth_config_id,
            "server_url": simulator.server_url(account) if needs_url else "",
            "status": "unknown",
            **fields,
        }
    )


def health(integration: Integration) -> HealthCheck:
    """Return the integration's current row, read anew."""
    return HealthCheck.objects.get(integration_id=integration.pk)
