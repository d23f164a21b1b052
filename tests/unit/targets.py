"""Values for tests that need no database."""

from typing import Any
from uuid import UUID

from integrations_health.outcomes import CheckTarget

INTEGRATION = UUID("11111111-1111-4111-8111-111111111111")


def target(**fields: Any) -> CheckTarget:
    """Return a claimed Gmail integration at Composio; every field can be given."""
    return CheckTarget(
        **{
            "integration_id": INTEGRATION,
            "check_seq": 1,
            "provider": "composio",
            "service": "gmail",
            "server_instance_id": "ca_1",
            **fields,
        }
    )
