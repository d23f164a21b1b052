"""What a batch comes to when its budget does not last for everything."""

from datetime import timedelta

import pytest

from integrations_health import pipeline
from integrations_health.models import HealthCheck, HealthHistory
from integrations_health.providers.simulator import Simulator
from tests.conftest import NOW
from tests.watching import watch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("spoiling", "every"), [("gone", 2), ("refused_batch", 4)])
def test_many_accounts_that_no_list_tells_of_do_not_stop_each_other(
    simulator: Simulator, spoiling: str, every: int
) -> None:
    # Of the healthy ones a batch reads pages and no more: none of these is reckoned with.
    for number in range(100):
        account = simulator.connect(
            "composio", "gmail", script="ok" if number % every else spoiling
        )
        watch(simulator, account, status="healthy", probe_policy="on_suspicion", next_check_at=NOW)

    for batch in range(30):
        pipeline.run("composio", now=NOW + timedelta(minutes=1, seconds=2 * batch))

    assert not HealthCheck.objects.filter(last_check_at__isnull=True).exists()
    assert HealthHistory.objects.filter(outcome="ok").count() >= 50


def test_what_a_batch_has_heard_counts_where_it_may_ask_no_more(simulator: Simulator) -> None:
    for _ in range(50):
        gone = simulator.connect("composio", "gmail", script="gone")
        watch(simulator, gone, status="healthy", probe_policy="on_suspicion", next_check_at=NOW)
    watched = watch(
        simulator,
        simulator.connect("composio", "gmail"),
        status="healthy",
        probe_policy="on_suspicion",
        next_check_at=NOW,
    )

    pipeline.run("composio", now=NOW)

    assert HealthHistory.objects.get(integration_id=watched.pk).outcome == "ok"
    assert HealthHistory.objects.filter(outcome="disconnected").count() > 20
