"""Nothing secret that a provider says reaches our database or our logs."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from integrations_health import pipeline
from integrations_health.models import HealthCheck
from integrations_health.providers.simulator import Simulator
from integrations_health.providers.simulator.leaks import CANARIES
from tests.conftest import NOW
from tests.watching import watch

pytestmark = pytest.mark.django_db

CALL_DEADLINE = timedelta(seconds=20)
ECHOES = ["secret_echo", "revoked_but_active(secrets)", "service_500(secrets)", "500", "malformed"]


def everything_stored() -> str:
    """Return every row of every table as text, secrets at rest in their stored form."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        dumped: list[str] = []
        for table in tables:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            dumped.extend(row for (row,) in cursor.fetchall())
    return "\n".join(dumped)


@pytest.mark.parametrize("provider", ["composio", "klavis", "mcp"])
def test_no_canary_of_a_providers_answer_is_kept_or_logged(
    provider: str, simulator: Simulator, caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    # Nothing hangs here: on a busy machine every answer is waited for.
    settings.CALL_DEADLINE = CALL_DEADLINE
    settings.CHECK_DEADLINE = CALL_DEADLINE * 2.2
    settings.BATCH_DEADLINE = CALL_DEADLINE * 6
    echoing = [
        simulator.connect(provider, service, user_id=f"u{number}", script=script)
        for number, script in enumerate(ECHOES)
        for service in ("gmail", "calendar", "slack")
    ]
    for account in echoing:
        watch(simulator, account, next_check_at=NOW)

    while pipeline.run(provider, now=NOW):
        pass

    logged = "\n".join(
        f"{record.getMessage()} {json.dumps(vars(record), default=str)} {record.exc_text}"
        for record in caplog.records
    )
    seen = everything_stored() + logged
    assert {account.id for account in echoing} <= {
        call.account for call in simulator.calls(provider=provider)
    }
    assert not HealthCheck.objects.filter(last_check_at=None).exists()
    assert [canary for canary in CANARIES if canary in seen] == []
    assert simulator.api_key not in seen
