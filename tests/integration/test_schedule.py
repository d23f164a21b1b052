"""What is due, and who takes it."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from integrations_health import schedule
from integrations_health.claimed import Claim
from integrations_health.models import ClaimedBatch, HealthCheck, Integration
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

TABLE = HealthCheck._meta.db_table
LEASE_OVER = NOW + settings.CHECK_LEASE + timedelta(seconds=1)


def due(*, at: datetime = NOW, **fields: Any) -> Integration:
    return factories.integration(next_check_at=at, **fields)


def claim(*, limit: int = 10, now: datetime = NOW, provider: str = "composio") -> Claim:
    return schedule.claim_due(provider, limit=limit, now=now)


def health(integration: Integration) -> HealthCheck:
    return HealthCheck.objects.get(integration=integration)


def test_a_claim_takes_what_is_due_oldest_first() -> None:
    late = due(at=NOW - timedelta(minutes=2))
    later = due(at=NOW - timedelta(minutes=1))
    due(at=NOW)
    due(at=NOW + timedelta(seconds=1))

    taken = claim(limit=2)

    assert {target.integration_id for target in taken.targets} == {late.id, later.id}
    assert taken.is_full
    assert taken.claimed_at == NOW


def test_a_claim_leaves_the_paused_and_the_other_providers() -> None:
    due(enabled=False)
    due(provider="klavis")

    assert claim().targets == []


def test_a_claim_that_finds_less_than_its_limit_is_not_full() -> None:
    due()

    assert not claim(limit=2).is_full


def test_a_claim_holds_what_it_took_and_writes_none_of_it() -> None:
    integration = due(at=NOW - timedelta(minutes=47), check_seq=6, applied_seq=6)
    before = HealthCheck.objects.values().get()

    taken = claim()

    (held,) = ClaimedBatch.objects.all()
    assert held.pk == taken.batch
    assert (held.integration_ids, held.check_seqs) == ([integration.id], [7])
    assert held.leased_until == NOW + settings.CHECK_LEASE
    assert [target.check_seq for target in taken.targets] == [7]
    assert HealthCheck.objects.values().get() == before
    assert claim().targets == []


def test_what_is_held_is_being_checked_until_its_claim_ends() -> None:
    integration, other = due(), due(at=NOW + timedelta(hours=1))
    taken = claim()

    held = [schedule.is_being_checked(one.id, now=NOW) for one in (integration, other)]
    schedule.finish(taken.batch)

    assert held == [True, False]
    assert not schedule.is_being_checked(integration.id, now=NOW)
    assert len(claim().targets) == 1


def test_a_claim_that_found_nothing_holds_nothing() -> None:
    taken = claim()
    schedule.finish(taken.batch)

    assert taken.batch is None
    assert not ClaimedBatch.objects.exists()


def test_many_missed_slots_are_one_check() -> None:
    due(at=NOW - timedelta(hours=9))

    first = claim()
    second = claim(now=NOW + timedelta(seconds=10))

    assert len(first.targets) == 1
    assert second.targets == []


@pytest.mark.django_db(transaction=True)
def test_a_claim_does_not_wait_for_a_row_that_somebody_else_holds() -> None:
    held, free = due(at=NOW - timedelta(minutes=1)), due()
    somebody_else = connection.copy()
    somebody_else.set_autocommit(False)

    with closing(somebody_else), somebody_else.cursor() as cursor:
        cursor.execute(f"SELECT FROM {TABLE} WHERE integration_id = %s FOR UPDATE", [held.id])
        taken = claim()

    assert [target.integration_id for target in taken.targets] == [free.id]


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        ({"status": "healthy", "probe_policy": "always"}, True),
        ({"status": "healthy", "probe_policy": "on_suspicion"}, False),
        ({"status": "degraded", "probe_policy": "on_suspicion"}, True),
        ({"status": "unknown", "probe_policy": "on_suspicion"}, True),
        ({"status": "healthy", "probe_policy": "on_suspicion", "suspected_at": NOW}, True),
        (
            {"status": "healthy", "probe_policy": "every_nth", "probe_every": 4, "ok_streak": 7},
            True,
        ),
        (
            {"status": "healthy", "probe_policy": "every_nth", "probe_every": 4, "ok_streak": 8},
            False,
        ),
        (
            {"status": "unhealthy", "probe_policy": "every_nth", "probe_every": 4, "ok_streak": 8},
            True,
        ),
    ],
)
def test_the_policy_says_whether_a_probe_is_due(fields: dict[str, Any], is_due: bool) -> None:
    due(**fields)

    (target,) = claim().targets

    assert target.is_probe_due is is_due


def test_a_probe_whose_turn_did_not_come_is_owed() -> None:
    due(status="healthy", probe_policy="every_nth", probe_every=3, ok_streak=2)

    first = claim()
    schedule.release(first.targets, wait=timedelta(0), now=NOW)
    schedule.finish(first.batch)
    (again,) = claim().targets

    assert again.is_probe_due


def test_secrets_reach_the_target_decrypted_and_stay_out_of_its_text() -> None:
    due(server_url="https://mcp.example.test/?instance_id=hush", server_token="hush-hush")

    (target,) = claim().targets

    assert target.server_url == "https://mcp.example.test/?instance_id=hush"
    assert target.server_token == "hush-hush"
    assert "hush" not in repr(target)


def test_one_integration_can_be_claimed_whenever_it_is_not_being_checked() -> None:
    integration = due(at=NOW + timedelta(minutes=4))

    first = schedule.claim_one(integration.id, now=NOW)
    second = schedule.claim_one(integration.id, now=NOW)

    assert len(first.targets) == 1
    assert second.targets == []


def test_what_was_given_back_is_due_again_without_a_mark() -> None:
    integration = due()
    taken = claim()

    schedule.release(taken.targets, wait=timedelta(seconds=5), now=NOW)

    row = health(integration)
    assert row.next_check_at == NOW + timedelta(seconds=5)
    assert row.crash_count == 0
    assert len(claim(now=NOW + timedelta(seconds=5)).targets) == 1


def test_nothing_is_given_back_that_another_worker_has_taken() -> None:
    integration = due()
    stale = claim()
    claim(now=LEASE_OVER)

    given_back = schedule.release(stale.targets, wait=timedelta(0), now=LEASE_OVER)

    assert given_back == 0
    assert schedule.is_being_checked(integration.id, now=LEASE_OVER)


def test_each_provider_with_something_due_is_woken_for_as_many_batches_as_it_needs(
    settings: object,
) -> None:
    settings.CHECK_BATCH_SIZE = 2  # type: ignore[attr-defined]  # pytest-django's wrapper
    for _ in range(3):
        due(provider="klavis")
    due(provider="mcp", at=NOW + timedelta(seconds=1))

    assert schedule.batches_due(now=NOW) == {"klavis": 2}


def test_making_due_brings_forward_and_never_delays() -> None:
    soon = due(at=NOW + timedelta(seconds=1))
    late = due(at=NOW + timedelta(minutes=30))

    moved = schedule.make_due([soon.id, late.id], spread=timedelta(seconds=10), now=NOW)

    assert moved == 2
    assert health(soon).next_check_at <= NOW + timedelta(seconds=1)
    assert NOW <= health(late).next_check_at <= NOW + timedelta(seconds=10)


def test_only_a_young_healthy_result_is_reused() -> None:
    young = due(status="healthy", last_check_at=NOW - timedelta(seconds=59))
    old = due(status="healthy", last_check_at=NOW - timedelta(seconds=60))
    ill = due(status="degraded", last_check_at=NOW)

    reused = [schedule.is_recently_healthy(one.id, now=NOW) for one in (young, old, ill)]

    assert reused == [True, False, False]
