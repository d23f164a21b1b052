"""Whoever began to connect, and never did, is not told that their connection expired."""

from datetime import timedelta

import pytest

from alerts.models import Alert
from integrations_health import pipeline
from integrations_health.providers.simulator import Simulator
from integrations_health.providers.simulator.accounts import NEVER_FINISHED
from tests.conftest import NOW
from tests.watching import health, watch

pytestmark = pytest.mark.django_db


def test_who_never_finished_connecting_is_not_told_that_it_expired(simulator: Simulator) -> None:
    account = simulator.connect("composio", "gmail", status="INITIATED")
    watched = watch(simulator, account, next_check_at=NOW)
    pipeline.run("composio", now=NOW)
    account.move_to("EXPIRED", NEVER_FINISHED, now=NOW.timestamp())

    for minutes in (15, 30, 45):
        pipeline.run("composio", now=NOW + timedelta(minutes=minutes))

    row = health(watched)
    assert (row.status, row.error_code) == ("unknown", "pending")
    assert not Alert.objects.exists()
