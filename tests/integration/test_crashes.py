"""What becomes of rows whose worker died."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection

from alerts.models import StaffNotice
from integrations_health import pipeline, schedule
from integrations_health.claimed import Claim
from integrations_health.models import HealthCheck, Integration
from integrations_health.schedule import PARK_AFTER_CRASHES, PARKED_FOR
from tests import factories
from tests.alarms import told
from tests.conftest import NOW
from tests.results import lose
from tests.sessions import another_session

pytestmark = pytest.mark.django_db

LEASE_OVER = NOW + settings.CHECK_LEASE + timedelta(seconds=1)


def due(*, at: datetime = NOW, **fields: Any) -> Integration:
    return factories.integration(next_check_at=at, **fields)


def claim(*, limit: int = 10, now: datetime = NOW, provider: str = "composio") -> Claim:
    return schedule.claim_due(provider, limit=limit, now=now)


def health(integration: Integration) -> HealthCheck:
    return HealthCheck.objects.get(integration=integration)


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
    assert [taken.is_full for taken in after_the_crash] == [True, True, True]
    assert not claim(now=LEASE_OVER).is_full


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


def test_a_suspect_and_a_clean_one_are_two_batches() -> None:
    due(crash_count=1, at=NOW - timedelta(minutes=2))
    due()

    sizes = [(len(taken.targets), taken.is_full) for taken in (claim(), claim(), claim())]

    assert sizes[0] == (1, True)
    assert [size for size, _ in sizes] == [1, 1, 0]
    assert not sizes[2][1]


@pytest.mark.django_db(transaction=True)
def test_whoever_holds_a_row_of_a_dead_worker_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lost, free, other = due(), due(), due(at=NOW + timedelta(hours=1))
    lose(lost, now=NOW)
    lock = "SELECT FROM integration_health_checks WHERE integration_id = %s FOR UPDATE"

    with another_session() as session:
        session.execute(lock, [lost.id])
        meanwhile = [claim(), schedule.claim_one(other.id, now=NOW)]
        of_the_dead = schedule.claim_one(lost.id, now=NOW)
        session.rollback()
    afterwards = claim()

    assert [[one.integration_id for one in taken.targets] for taken in meanwhile] == [
        [free.id],
        [other.id],
    ]
    assert of_the_dead.targets == []
    assert "claims.not_reaped_yet" in caplog.messages
    assert [one.integration_id for one in afterwards.targets] == [lost.id]
    assert health(lost).crash_count == 1


def test_the_third_crash_parks_the_row_for_an_hour() -> None:
    poison = due(status="healthy")
    lose(poison, crashes=PARK_AFTER_CRASHES, now=NOW)

    taken = claim()

    row = health(poison)
    assert taken.targets == []
    assert taken.parked == {poison.id: poison.user_id}
    assert (row.status, row.error_code) == ("unknown", "internal_error")
    assert row.parked_at == NOW
    assert row.next_check_at == NOW + PARKED_FOR


@pytest.mark.usefixtures("no_rules")
def test_staff_are_told_once_of_checks_that_end_their_process() -> None:
    somebody = factories.staff()
    poisons = [due(), due()]

    for now in (NOW, NOW + PARKED_FOR):
        for poison in poisons:
            lose(poison, crashes=PARK_AFTER_CRASHES, now=now)
        pipeline.run("composio", now=now)

    (notice,) = StaffNotice.objects.all()
    assert (notice.kind, notice.subject) == ("check_parked", "composio")
    assert f"{min(poison.pk for poison in poisons)}" in notice.message
    assert (notice.opened_at, notice.last_seen_at) == (NOW, NOW + PARKED_FOR)
    assert told() == [("opened", f"user:{somebody.pk}")]


def test_a_notice_that_cannot_be_written_holds_up_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    poison = due()
    lose(poison, crashes=PARK_AFTER_CRASHES, now=NOW)
    with another_session() as other:
        other.execute("LOCK TABLE staff_notices IN EXCLUSIVE MODE")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")

        pipeline.run("composio", now=NOW)

    assert health(poison).parked_at == NOW
    assert "notice.not_opened" in caplog.messages


def test_a_parked_row_gets_one_more_try_and_is_parked_again() -> None:
    lose(due(), crashes=PARK_AFTER_CRASHES, now=NOW)
    claim()
    an_hour_later = NOW + PARKED_FOR

    one_more = claim(now=an_hour_later)
    again = claim(now=an_hour_later + settings.CHECK_LEASE)

    assert len(one_more.targets) == 1
    assert len(again.parked) == 1
