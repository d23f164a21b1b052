"""Who is registered is checked soon, but not all at once; who is paused stays paused."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations_health import registry, schedule
from integrations_health.models import HealthCheck
from tests import factories
from tests.registrations import database_now, register, registration, said_of

pytestmark = pytest.mark.django_db


def test_a_pause_survives_an_update() -> None:
    made = factories.integration(enabled=False, auth_config_id="old")

    register(said_of(made, auth_config_id="new"))

    made.refresh_from_db()
    assert made.auth_config_id == "new"
    assert not made.enabled
    assert not HealthCheck.objects.get().enabled


def test_a_pause_ends_when_somebody_says_so_and_the_check_is_due(now: datetime) -> None:
    made = factories.integration(enabled=False, next_check_at=now)

    register(said_of(made, enabled=True))

    health = HealthCheck.objects.select_related("integration").get()
    assert health.enabled
    assert health.integration.enabled
    assert health.next_check_at <= database_now()


def test_a_pause_begins_when_somebody_says_so() -> None:
    made = factories.integration()

    register(said_of(made, enabled=False))

    assert not HealthCheck.objects.get().enabled


@pytest.mark.parametrize(
    ("said", "is_due"),
    [
        ({"server_token": "new"}, True),
        ({"auth_config_id": "new"}, True),
        ({"probe_tool": "NEW"}, True),
        ({"interval_seconds": 60}, True),
        ({"display_name": "new"}, False),
    ],
)
def test_a_check_is_due_when_it_would_be_another_one(
    said: dict[str, Any], is_due: bool, now: datetime
) -> None:
    made = factories.integration(next_check_at=now)

    register(said_of(made, **said))

    assert (HealthCheck.objects.get().next_check_at <= database_now()) is is_due


def test_a_check_that_runs_right_now_keeps_its_lease() -> None:
    made = factories.integration(next_check_at=database_now() - timedelta(minutes=1))
    (target,) = schedule.claim_due("composio", limit=1).targets
    lease_ends_at = HealthCheck.objects.get().next_check_at

    register(said_of(made, server_token="new"))

    assert target.integration_id == made.pk
    assert HealthCheck.objects.get().next_check_at == lease_ends_at


def test_many_new_ones_are_spread_over_their_interval() -> None:
    everything = [registration(number, interval_seconds=600) for number in range(1_000)]

    register(*everything)

    times = HealthCheck.objects.values_list("next_check_at", flat=True)
    start, due_at_once = Counter(times).most_common(1)[0]
    delays = [(at - start).total_seconds() for at in times]
    assert due_at_once == registry.DUE_AT_ONCE
    assert max(delays) <= 600
    thirds = [sum(low < delay <= low + 200 for delay in delays) for low in (0, 200, 400)]
    assert all(150 < third < 330 for third in thirds), thirds


def test_many_that_change_are_spread_too(now: datetime) -> None:
    everything = [registration(number) for number in range(registry.DUE_AT_ONCE + 1)]
    register(*everything)
    HealthCheck.objects.update(next_check_at=now)

    register(*(registration(number, probe_tool="NEW") for number in range(len(everything))))

    start = database_now()
    delays = [at - start for at in HealthCheck.objects.values_list("next_check_at", flat=True)]
    assert max(delays) <= registry.SPREAD
    assert sum(delay > timedelta(seconds=30) for delay in delays) > len(delays) / 2
