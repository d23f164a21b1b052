"""How everybody's integrations are now, counted on the real server."""

from datetime import datetime
from typing import Any

import pytest

from integrations_health import population
from tests import factories

pytestmark = pytest.mark.django_db


def counted() -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {
        (one.provider, one.service): (one.users, one.known, one.failing, one.impaired)
        for one in population.read()
    }


def test_nobody_is_counted_in_an_empty_house() -> None:
    assert population.read() == []


def test_integrations_are_counted_per_service_and_for_the_provider_as_a_whole() -> None:
    factories.integration(status="healthy")
    factories.integration(status="unhealthy", error_code="timeout")
    factories.integration(service="slack", status="degraded", error_code="slow")
    factories.integration(provider="klavis", status="unknown")

    assert counted() == {
        ("composio", ""): (3, 3, 1, 1),
        ("composio", "gmail"): (2, 2, 1, 0),
        ("composio", "slack"): (1, 1, 0, 1),
        ("klavis", ""): (1, 0, 0, 0),
        ("klavis", "gmail"): (1, 0, 0, 0),
    }


@pytest.mark.parametrize(
    "own",
    [
        {"status": "unhealthy", "error_code": "auth_expired"},
        {"status": "degraded", "error_code": "permission"},
        {"status": "unhealthy", "error_code": "key_rejected"},
    ],
    ids=lambda own: own["error_code"],
)
def test_what_is_not_the_providers_fault_does_not_count_against_it(own: dict[str, Any]) -> None:
    factories.integration(**own)

    assert counted()["composio", ""] == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("known", "failing", "percent"),
    [(0, 0, None), (3, 0, 100), (3, 3, 0), (3, 1, 67), (10_000, 1, 99), (10_000, 9_999, 1)],
)
def test_only_all_are_a_hundred_percent(known: int, failing: int, percent: int | None) -> None:
    standing = population.Standing("composio", "gmail", 9, known, failing, 0, None, None)

    assert standing.works_percent == percent


def test_what_is_paused_is_not_counted() -> None:
    factories.integration(enabled=False)

    assert counted() == {}


def test_the_percentile_is_over_the_last_check_of_each(now: datetime) -> None:
    for time in (100, 200, None):
        factories.integration(response_time_ms=time, last_check_at=now)

    whole, _ = population.read()

    assert whole.p95_ms == 195.0
    assert whole.last_check_at == now
