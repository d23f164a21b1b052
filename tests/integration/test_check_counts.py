"""Each check is counted once, whatever becomes of its batch, and no counter ever falls."""

from collections import Counter
from datetime import timedelta

import pytest

from integrations_health import check_counts, pipeline
from integrations_health.models import CheckCount, CheckTotal, HealthHistory, RecentChecks
from integrations_health.outcomes import Outcome
from tests import factories
from tests.conftest import NOW
from tests.results import claim, result
from tests.sessions import at_once

pytestmark = pytest.mark.django_db

OK, TIMEOUT = Outcome.OK, Outcome.TIMEOUT


def counted() -> dict[tuple[str, str, str], int]:
    """Return what was counted so far, gathered or not."""
    found: Counter[tuple[str, str, str]] = Counter()
    for rows in (CheckCount.objects.all(), CheckTotal.objects.all()):
        for row in rows:
            found[row.provider, row.service, row.outcome] += row.checks
    return dict(found)


def totals() -> dict[tuple[str, str, str], int]:
    """Return what Prometheus is told."""
    return {(row.provider, row.service, row.outcome): row.checks for row in check_counts.totals()}


def name(*services: str) -> None:
    """Let services have names of their own, and no others."""
    RecentChecks.objects.all().delete()
    for service in services:
        RecentChecks.objects.create(service=service, status="healthy", checks=1)


def test_a_batch_is_counted_by_provider_service_and_outcome() -> None:
    gmail = [factories.integration(provider="composio", service="gmail") for _ in range(3)]
    slack = factories.integration(provider="klavis", service="slack")
    targets = claim(*gmail, slack)
    outcomes = [OK, OK, TIMEOUT, OK]

    pipeline.record([result(*one) for one in zip(targets, outcomes, strict=True)], now=NOW)

    assert counted() == {
        ("composio", "gmail", "ok"): 2,
        ("composio", "gmail", "timeout"): 1,
        ("klavis", "slack", "ok"): 1,
    }


def test_a_batch_delivered_again_is_counted_once() -> None:
    (target,) = claim(factories.integration(provider="composio", service="gmail"))
    delivered = [result(target, TIMEOUT)]

    for after in range(3):
        pipeline.record(delivered * 2, now=NOW + timedelta(seconds=after))
        check_counts.gather()

    assert counted() == {("composio", "other", "timeout"): 1}


def test_a_late_result_is_counted_when_it_comes_and_once() -> None:
    integration = factories.integration(provider="composio", service="gmail")
    (slow_worker,) = claim(integration)
    lease_over = NOW + timedelta(minutes=3)
    (second_worker,) = claim(integration, now=lease_over)
    pipeline.record([result(second_worker, OK, at=lease_over)], now=lease_over)

    for _ in range(2):
        pipeline.record([result(slow_worker, TIMEOUT)] * 2, now=lease_over)

    assert counted() == {("composio", "gmail", "ok"): 1, ("composio", "gmail", "timeout"): 1}
    assert sum(counted().values()) == HealthHistory.objects.count()


def test_a_result_of_what_is_gone_is_not_counted() -> None:
    integration = factories.integration()
    (target,) = claim(integration)
    integration.delete()

    pipeline.record([result(target)], now=NOW)

    assert counted() == {}


def test_gathering_moves_what_was_counted_and_changes_no_sum() -> None:
    name("gmail")
    for _ in range(2):
        check_counts.note([("composio", "gmail", OK)] * 3 + [("composio", "odd", TIMEOUT)])
        check_counts.gather()

    assert not CheckCount.objects.exists()
    assert totals() == {("composio", "gmail", "ok"): 6, ("composio", "other", "timeout"): 2}


def test_no_counter_falls_when_names_come_and_go() -> None:
    seen: list[dict[tuple[str, str, str], int]] = []
    for names in (("gmail",), ("gmail", "slack"), ("slack",), ("gmail",), ()):
        name(*names)
        check_counts.note([("mcp", "gmail", OK), ("mcp", "slack", OK)])
        seen.append(totals())
        check_counts.gather()
        seen.append(totals())

    for key in {key for found in seen for key in found}:
        told = [found[key] for found in seen if key in found]
        assert told == sorted(told), key
    assert sum(CheckTotal.objects.values_list("checks", flat=True)) == 10


@pytest.mark.django_db(transaction=True)
def test_many_who_gather_at_once_count_nothing_twice() -> None:
    for _ in range(20):
        check_counts.note([("mcp", "gmail", OK), ("mcp", "gmail", TIMEOUT)])

    at_once(4, lambda _: check_counts.gather())

    assert sum(counted().values()) == 40
