"""Prometheus is told what is so, in few series, and nothing of anybody."""

from collections import Counter
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config.request_metrics import MOST_SERIES
from integrations_health import check_counts, recent_checks
from integrations_health.models import HealthCheck
from integrations_health.outcomes import Outcome
from integrations_health.status import Status
from tests import factories
from tests.integration.test_request_metrics import ask_views
from tests.prometheus import OWN, TOKEN, all_series, families, let_in, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]

# Of what is ours; see contract 3.5.
LABELS = {"provider", "service", "status", "stat", "outcome", "channel", "state", "source", "found"}
FAMILIES = {
    "checks",
    "response_time_ms",
    "checks_age_seconds",
    "scheduler_lag_seconds",
    "overdue",
    "provider_incident",
    "provider_budget_remaining",
    "notifications",
    "result_buffer_length",
    "source_up",
    "last_known_answers",
}


@pytest.fixture
def prometheus(settings: Any) -> Client:
    """Return a client that may ask what Prometheus asks."""
    return let_in(settings)


def test_every_family_of_the_contract_is_there_once(prometheus: Client) -> None:
    factories.integration()

    found = Counter(one.name for one in families(prometheus) if one.name.startswith(OWN))

    # The counter has the name of the gauge, and `_total`.
    assert found == Counter(f"{OWN}{name}" for name in FAMILIES) + Counter([f"{OWN}checks"])


def test_the_last_hour_is_told_by_service_and_status(prometheus: Client) -> None:
    for took in (100, 300):
        factories.integration(
            service="gmail",
            status="healthy",
            response_time_ms=took,
            last_check_at=timezone.now() - timedelta(minutes=5),
        )

    assert told(prometheus, "checks")["gmail", "healthy"] == 2
    assert told(prometheus, "response_time_ms") == {
        ("gmail", "avg", "healthy"): 200,
        ("gmail", "p95", "healthy"): 290,
    }
    assert 0 <= told(prometheus, "checks_age_seconds")[()] < 60


def test_checks_are_counted_for_ever(prometheus: Client) -> None:
    factories.integration(service="gmail")
    check_counts.note([("composio", "gmail", Outcome.OK), ("mcp", "odd", Outcome.TIMEOUT)])

    assert told(prometheus, "checks_total") == {
        ("ok", "composio", "gmail"): 1,
        ("timeout", "mcp", "other"): 1,
    }


def test_lag_budget_incidents_and_messages_are_told(prometheus: Client) -> None:
    late = factories.integration()
    HealthCheck.objects.filter(integration=late).update(
        next_check_at=timezone.now() - timedelta(minutes=9)
    )
    factories.budget(provider="composio", remaining=17, remaining_at=timezone.now())
    factories.incident(provider="klavis")
    factories.incident(provider="", service="gmail")
    factories.incident(provider="mcp", closed_at=timezone.now() + timedelta(seconds=1))
    factories.notification(state="dead")
    factories.notification(state="sent", sent_at=timezone.now())
    old = timezone.now() - timedelta(hours=2)
    factories.notification(state="sent", sent_at=old, created_at=old)

    assert 540 <= told(prometheus, "scheduler_lag_seconds")[()] < 600
    assert told(prometheus, "overdue") == {(): 1}
    assert told(prometheus, "provider_budget_remaining") == {("composio",): 17}
    assert told(prometheus, "provider_incident") == {
        ("any",): 1,
        ("composio",): 0,
        ("klavis",): 1,
        ("mcp",): 0,
    }
    messages = told(prometheus, "notifications")
    assert len(messages) == 3 * 4
    assert {key: count for key, count in messages.items() if count} == {
        ("email", "dead"): 1,
        ("email", "sent"): 1,
    }


def test_nothing_is_told_of_anybody(prometheus: Client) -> None:
    canary = "canary-7f3a"
    user = factories.user(username=canary, email=f"{canary}@example.com", external_id=canary)
    integration = factories.integration(
        user=user,
        service=f"{canary}@example.com",
        display_name=canary,
        server_instance_id=canary,
        server_url=f"https://{canary}.example.com",
        server_token=canary,
        error_message=canary,
        status="unhealthy",
        last_check_at=timezone.now(),
    )
    check_counts.note([("mcp", integration.service, Outcome.OK)])
    prometheus.get(f"/api/integrations/{integration.pk}/health?{canary}")

    text = prometheus.get("/metrics").content.decode()

    for secret in (canary, str(integration.pk), str(user.pk), "example.com", TOKEN):
        assert secret not in text
    found = families(prometheus)
    labels = {
        label
        for family in found
        for sample in family.samples
        for label in sample.labels
        if family.name.startswith(OWN)
    }
    assert labels <= LABELS


def test_all_there_could_be_is_less_than_two_thousand_series(prometheus: Client) -> None:
    services = [f"service_{number}" for number in range(recent_checks.MOST_SERVICES + 1)]
    for service, status in product(services, Status):
        factories.integration(
            service=service, status=status, response_time_ms=9, last_check_at=timezone.now()
        )
    check_counts.note(list(product(("composio", "klavis", "mcp"), services, Outcome)))
    before = {series for series in all_series(prometheus) if "view=" in series}

    ask_views(f"{number}" for number in range(MOST_SERIES + 1))

    # Of other tests' requests only what has no view: this is one process, and they were many.
    found = all_series(prometheus) - before
    assert sum(series.startswith(OWN) for series in found) > 900
    assert len(found) < 2_000
