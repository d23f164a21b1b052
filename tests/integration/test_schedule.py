"""What is due, and who takes it."""

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection

from integrations_health import schedule
from integrations_health.models import HealthCheck, Integration
from integrations_health.schedule import PARK_AFTER_CRASHES, PARKED_FOR, Claim
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


def test_a_claimed_row_is_leased_and_numbered() -> None:
    integration = due(at=NOW - timedelta(minutes=47))

    (target,) = claim().targets

    row = health(integration)
    assert row.check_seq == target.check_seq == 1
    assert row.slot_at == NOW - timedelta(minutes=47)
    assert row.leased_until == NOW + settings.CHECK_LEASE
    assert claim().targets == []


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


def test_a_row_whose_worker_died_is_due_again_after_the_lease() -> None:
    due()
    claim()

    (target,) = claim(now=LEASE_OVER).targets

    assert target.check_seq == 2


def test_rows_whose_worker_died_are_taken_one_at_a_time() -> None:
    for _ in range(3):
        due()
    claim()

    after_the_crash = [claim(now=LEASE_OVER) for _ in range(3)]

    assert [len(taken.targets) for taken in after_the_crash] == [1, 1, 1]
    assert [taken.is_full for taken in after_the_crash] == [True, True, False]


def test_what_crashed_does_not_make_the_batches_of_the_others_small() -> None:
    for _ in range(10):
        due(crash_count=1, at=NOW - timedelta(minutes=2))
    for _ in range(40):
        due()

    sizes = [len(claim().targets) for _ in range(14)]

    assert sorted(sizes) == [1] * 10 + [10] * 4


def test_what_crashed_does_not_wait_until_nothing_else_is_due() -> None:
    suspect = due(crash_count=1, at=NOW - timedelta(minutes=2))
    taken: set[UUID] = set()
    claims = 0

    while suspect.id not in taken:
        due()
        due()
        taken |= {target.integration_id for target in claim(limit=2).targets}
        claims += 1
        assert claims < 100

    assert suspect.id in taken


def test_the_third_crash_parks_the_row_for_an_hour() -> None:
    poison = due(crash_count=PARK_AFTER_CRASHES, status="healthy")

    taken = claim()

    row = health(poison)
    assert taken.targets == []
    assert taken.parked == [poison.id]
    assert (row.status, row.error_code) == ("unknown", "internal_error")
    assert row.parked_at == NOW
    assert row.next_check_at == NOW + PARKED_FOR


def test_a_parked_row_gets_one_more_try_and_is_parked_again() -> None:
    due(crash_count=PARK_AFTER_CRASHES)
    claim()
    an_hour_later = NOW + PARKED_FOR

    one_more = claim(now=an_hour_later)
    again = claim(now=an_hour_later + settings.CHECK_LEASE)

    assert len(one_more.targets) == 1
    assert len(again.parked) == 1


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        ({"status": "healthy", "probe_policy": "always"}, True),
        ({"status": "healthy", "probe_policy": "on_suspicion"}, False),
        ({"status": "degraded", "probe_policy": "on_suspicion"}, True),
        ({"status": "unknown", "probe_policy": "on_suspicion"}, True),
        ({"status": "healthy", "probe_policy": "on_suspicion", "suspected_at": NOW}, True),
        ({"status": "healthy", "probe_policy": "every_nth", "probe_every": 4, "seq": 7}, True),
        ({"status": "healthy", "probe_policy": "every_nth", "probe_every": 4, "seq": 8}, False),
        ({"status": "unhealthy", "probe_policy": "every_nth", "probe_every": 4, "seq": 8}, True),
    ],
)
def test_the_policy_says_whether_a_probe_is_due(fields: dict[str, Any], is_due: bool) -> None:
    seq = fields.pop("seq", 0)
    due(check_seq=seq, applied_seq=seq, **fields)

    (target,) = claim().targets

    assert target.is_probe_due is is_due


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
    assert health(integration).leased_until == LEASE_OVER + settings.CHECK_LEASE


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
