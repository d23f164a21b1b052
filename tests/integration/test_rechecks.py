"""Many are made due because somebody asked, once a minute, and no claim is disturbed."""

from datetime import timedelta
from typing import Any

import pytest

from integrations_health import pipeline, rechecks, schedule
from integrations_health.models import HealthCheck, Integration
from integrations_health.rechecks import Asked
from tests import factories
from tests.conftest import NOW
from tests.results import result
from tests.sessions import at_once
from tests.statements import counted_statements

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def waiting(count: int, **fields: Any) -> list[Integration]:
    return [factories.integration(**{"next_check_at": NOW + HOUR} | fields) for _ in range(count)]


def ask(*integrations: Integration, **options: Any) -> Asked:
    return rechecks.ask([one.pk for one in integrations], **{"now": NOW} | options)


@pytest.mark.django_db
def test_many_are_due_at_once_with_one_statement() -> None:
    asked = waiting(20)

    with counted_statements() as sent:
        found = ask(*asked)

    assert len(sent) == 1
    assert found == Asked(due=20, paused=0, just_checked=0)
    assert len(schedule.claim_due("composio", limit=50, now=NOW).targets) == 20


@pytest.mark.django_db
def test_a_crowd_shares_a_minute() -> None:
    asked = waiting(rechecks.A_FEW + 1)

    ask(*asked)

    times = HealthCheck.objects.values_list("next_check_at", flat=True)
    assert all(NOW <= at <= NOW + MINUTE for at in times)
    assert len(set(times)) > rechecks.A_FEW / 2


@pytest.mark.django_db
def test_nobody_is_asked_for_twice_within_a_minute() -> None:
    (one,) = waiting(1)

    found = [ask(one, now=NOW + seconds * timedelta(seconds=1)) for seconds in (0, 59, 60)]

    assert [asked.due for asked in found] == [1, 0, 1]
    assert found[1] == Asked(due=0, paused=0, just_checked=1)


@pytest.mark.django_db
def test_what_is_due_sooner_or_paused_stays_as_it_is() -> None:
    (sooner,) = waiting(1, next_check_at=NOW - HOUR)
    (paused,) = waiting(1, enabled=False)

    assert ask(sooner, paused) == Asked(due=1, paused=1, just_checked=0)

    times = dict(HealthCheck.objects.values_list("integration_id", "next_check_at"))
    assert times == {sooner.pk: NOW - HOUR, paused.pk: NOW + HOUR}


@pytest.mark.django_db
def test_what_is_being_checked_keeps_its_claim_and_is_due_again() -> None:
    (one,) = waiting(1)
    taken = schedule.claim_one(one.pk, now=NOW)

    ask(one)

    assert not schedule.claim_due("composio", limit=5, now=NOW).targets
    pipeline.record([result(taken.targets[0])], known=taken.rows, now=NOW)
    assert HealthCheck.objects.get().next_check_at == NOW
    assert len(schedule.claim_due("composio", limit=5, now=NOW).targets) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_one_is_heard() -> None:
    asked = waiting(5)
    heard: list[int] = []

    at_once(8, lambda number: heard.append(ask(*asked[:: 1 if number % 2 else -1]).due))

    assert sorted(heard) == [0] * 7 + [5]
