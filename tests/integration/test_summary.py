"""The whole population, counted by how it is and why."""

from dataclasses import astuple
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations_health import summary
from integrations_health.outcomes import MEANINGS, Outcome
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_empty_house_has_an_empty_summary() -> None:
    assert summary.summarize() == ([], 0, 0)


def test_integrations_are_counted_by_status_and_reason(now: datetime) -> None:
    expired: dict[str, Any] = {"status": "unhealthy", "error_code": "auth_expired"}
    factories.integration(service="slack", last_check_at=now, **expired)
    for _ in range(2):
        factories.integration(last_check_at=now, **expired)
    factories.integration(last_check_at=now, status="healthy")
    factories.integration(provider="klavis")

    found = summary.summarize()

    assert [astuple(row) for row in found.rows] == [
        ("composio", "gmail", "healthy", None, None, 1),
        ("composio", "gmail", "unhealthy", "auth_expired", "user_grant", 2),
        ("composio", "slack", "unhealthy", "auth_expired", "user_grant", 1),
        ("klavis", "gmail", "unknown", None, None, 1),
    ]
    assert found.never_checked == 1


@pytest.mark.parametrize("outcome", Outcome)
def test_every_reason_names_its_cause(outcome: Outcome, now: datetime) -> None:
    factories.integration(error_code=outcome.value, last_check_at=now)

    (row,) = summary.summarize().rows

    assert row.cause == MEANINGS[outcome].cause


def test_nobody_waits_for_the_first_check_of_a_paused_integration() -> None:
    factories.integration(enabled=False)

    found = summary.summarize()

    assert (found.never_checked, found.paused) == (0, 1)
    assert sum(row.count for row in found.rows) == 1


def test_the_summary_is_one_statement() -> None:
    for service in ("gmail", "slack", "calendar"):
        factories.integration(service=service)

    with CaptureQueriesContext(connection) as queries:
        summary.summarize()

    assert len(queries) == 1
