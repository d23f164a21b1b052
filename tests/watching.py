"""Let the product watch the simulator's accounts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations_health import network
from integrations_health.models import HealthCheck, Integration
from integrations_health.providers.simulator import Account, Simulator, running
from tests import factories

# Short, so that what hangs does not hold a test up; every other deadline follows from it.
CALL_DEADLINE = timedelta(seconds=1)


@pytest.fixture
def simulator(settings: Any) -> Iterator[Simulator]:
    """Serve the providers for one test, and point the product's clients at them."""
    with running() as simulator:
        here = {"base_url": simulator.base_url, "api_key": simulator.api_key, "calls_per_minute": 0}
        settings.PROVIDERS = {
            name: {**config, **(here if config["base_url"] else {})}
            for name, config in settings.PROVIDERS.items()
        }
        settings.CALL_DEADLINE = CALL_DEADLINE
        settings.CHECK_DEADLINE = CALL_DEADLINE * 2.2
        settings.BATCH_DEADLINE = CALL_DEADLINE * 6
        yield simulator
        network.close()


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
