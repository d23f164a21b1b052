"""Coming back after a time in which we did not watch."""

from datetime import timedelta
from typing import Any

import pytest

from integrations_health import catch_up
from integrations_health.models import HealthCheck, MonitoringGap
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_the_first_look_ever_is_no_gap() -> None:
    assert catch_up.follow_heartbeat(now=NOW) is None
    assert not MonitoringGap.objects.exists()


def test_looks_that_follow_each_other_are_no_gap() -> None:
    catch_up.follow_heartbeat(now=NOW)

    assert catch_up.follow_heartbeat(now=NOW + timedelta(seconds=5)) is None
    assert not MonitoringGap.objects.exists()


def test_a_long_silence_is_recorded_once() -> None:
    catch_up.follow_heartbeat(now=NOW)
    back = NOW + timedelta(minutes=30)

    gaps = [catch_up.follow_heartbeat(now=back), catch_up.follow_heartbeat(now=back)]

    assert gaps == [timedelta(minutes=30), None]
    (gap,) = MonitoringGap.objects.all()
    assert (gap.started_at, gap.ended_at) == (NOW, back)


def test_what_piled_up_is_spread_over_the_time_that_the_budget_needs_worst_first(
    settings: Any,
) -> None:
    settings.CATCH_UP_PER_SECOND = 2
    settings.PROVIDERS = {
        **settings.PROVIDERS,
        "composio": {**settings.PROVIDERS["composio"], "calls_per_minute": 0},
    }
    catch_up.follow_heartbeat(now=NOW)
    ill = [factories.integration(status="unhealthy", next_check_at=NOW) for _ in range(10)]
    for _ in range(30):
        factories.integration(status="healthy", next_check_at=NOW + timedelta(minutes=1))
    back = NOW + timedelta(hours=9)

    catch_up.follow_heartbeat(now=back)

    waits = {
        integration_id: (next_check_at - back).total_seconds()
        for integration_id, next_check_at in HealthCheck.objects.values_list(
            "integration_id", "next_check_at"
        )
    }
    assert all(1 <= wait <= 1 + 20 for wait in waits.values())
    assert max(waits.values()) > 5
    assert all(waits[one.id] <= 1 + 2 for one in ill)


def test_a_backlog_in_many_chunks_is_spread_to_the_last_row(monkeypatch: Any) -> None:
    monkeypatch.setattr(catch_up, "CHUNK", 7)
    catch_up.follow_heartbeat(now=NOW)
    for _ in range(20):
        factories.integration(next_check_at=NOW)
    back = NOW + timedelta(hours=1)

    catch_up.follow_heartbeat(now=back)

    assert HealthCheck.objects.filter(next_check_at__lte=back).count() == 0


def test_the_paused_and_the_not_yet_due_stay_where_they_are() -> None:
    catch_up.follow_heartbeat(now=NOW)
    back = NOW + timedelta(hours=1)
    paused = factories.integration(enabled=False, next_check_at=NOW)
    ahead = factories.integration(next_check_at=back + timedelta(minutes=4))

    catch_up.follow_heartbeat(now=back)

    assert HealthCheck.objects.get(integration=paused).next_check_at == NOW
    assert HealthCheck.objects.get(integration=ahead).next_check_at == back + timedelta(minutes=4)
