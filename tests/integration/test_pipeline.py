"""One batch from top to bottom, and one check that somebody asked for."""

from datetime import timedelta
from typing import Any

import pytest

from integrations_health import egress, entries, pipeline, schedule, sweeping
from integrations_health.models import HealthCheck, HealthHistory, ProviderBudget
from integrations_health.providers.simulator import Simulator
from tests.conftest import NOW
from tests.deadlines import wait_for_answers
from tests.results import lose
from tests.statements import counted_statements
from tests.watching import health, watch

pytestmark = pytest.mark.django_db


def due(simulator: Simulator, count: int, **fields: Any) -> None:
    for _ in range(count):
        watch(simulator, simulator.connect("composio", "gmail"), next_check_at=NOW, **fields)


@pytest.mark.parametrize("size", [1, 60])
def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(
    size: int, simulator: Simulator, settings: Any
) -> None:
    # An answer that comes too late, on a machine that is busy, has statements of its own.
    wait_for_answers(settings, timedelta(seconds=30))
    due(simulator, 1)
    pipeline.run("composio", now=NOW)  # the provider's budget has its row from now on
    # What is late for its turn costs a statement more.
    ProviderBudget.objects.update(calls_per_minute=None)
    due(simulator, size)

    with counted_statements() as sent:
        pipeline.run("composio", now=NOW)

    # room; claim (lock, what is due) in a savepoint; reserve; record (update, copy, count, a look
    # at alerts) in a savepoint; finish; settle
    assert len(sent) == 1 + 4 + 1 + 6 + 1 + 1


def test_a_page_that_comes_after_the_turns_of_its_batch_is_no_end_to_the_checks(
    simulator: Simulator, settings: Any
) -> None:
    due(simulator, 5)
    # Nine calls are booked: a tenth of a second.
    settings.PROVIDERS["composio"]["calls_per_minute"] = 6000
    simulator.latency.typical_ms = 600

    pipeline.run("composio", now=NOW)

    assert HealthHistory.objects.count() == len(simulator.calls(provider="composio")) - 1 == 5


def test_a_full_batch_says_that_there_may_be_more(simulator: Simulator, settings: Any) -> None:
    settings.CHECK_BATCH_SIZE = 3
    due(simulator, 4)

    assert [pipeline.run("composio", now=NOW) for _ in range(2)] == [True, False]


def test_a_turn_goes_on_until_nothing_more_is_due(simulator: Simulator, settings: Any) -> None:
    settings.CHECK_BATCH_SIZE = 3
    due(simulator, 7)

    is_more = sweeping.sweep("composio", now=NOW)

    assert not is_more
    assert HealthHistory.objects.count() == 7


def test_a_turn_that_is_over_leaves_the_rest_to_the_next(
    simulator: Simulator, settings: Any
) -> None:
    settings.CHECK_BATCH_SIZE = 3
    due(simulator, 7)

    is_more = sweeping.sweep("composio", turn=timedelta(0), now=NOW)

    assert is_more
    assert HealthHistory.objects.count() == 3


def test_a_hundred_connections_are_read_with_one_call(simulator: Simulator) -> None:
    due(simulator, 100, status="healthy", probe_policy="on_suspicion")

    pipeline.run("composio", now=NOW)

    assert len(simulator.calls(provider="composio")) == 1
    assert HealthHistory.objects.filter(outcome="ok").count() == 100


def test_an_integration_that_waits_its_turn_is_due_again_and_not_judged(
    simulator: Simulator,
) -> None:
    due(simulator, 30)
    simulator.answers("composio", "429(120)")

    pipeline.run("composio", now=NOW)

    judged = HealthCheck.objects.exclude(last_check_at=None)
    waiting = HealthCheck.objects.filter(last_check_at=None)
    assert set(judged.values_list("error_code", flat=True)) <= {"rate_limited"}
    assert all(row.next_check_at >= NOW + timedelta(seconds=60) for row in waiting)
    assert schedule.claim_due("composio", limit=99, now=NOW).targets == []


def test_a_young_healthy_result_is_reused_and_moves_no_counter(simulator: Simulator) -> None:
    integration = watch(simulator, simulator.connect("composio", "gmail"))
    pipeline.check_one(integration.id, now=NOW)
    before = HealthCheck.objects.values().get()

    again = pipeline.check_one(integration.id, now=NOW + timedelta(seconds=50))

    assert again.is_reused
    assert HealthCheck.objects.values().get() == before
    assert HealthHistory.objects.count() == 1


@pytest.mark.parametrize("fields", [{"is_fresh": True}, {"now": NOW + timedelta(seconds=61)}])
def test_an_old_or_unwanted_result_is_not_reused(
    fields: dict[str, Any], simulator: Simulator
) -> None:
    integration = watch(simulator, simulator.connect("composio", "gmail"))
    pipeline.check_one(integration.id, now=NOW)

    again = pipeline.check_one(integration.id, **{"now": NOW, **fields})

    assert not again.is_reused
    assert health(integration).ok_streak == 2


def test_a_check_by_hand_probes_whatever_the_policy(simulator: Simulator) -> None:
    account = simulator.connect("composio", "gmail", script="revoked_but_active")
    integration = watch(simulator, account, status="healthy", probe_policy="on_suspicion")

    checked = pipeline.check_one(integration.id, now=NOW)

    assert checked.result is not None
    assert checked.result.outcome == "auth_expired"


def test_nobody_is_checked_twice_at_once(simulator: Simulator) -> None:
    integration = watch(simulator, simulator.connect("composio", "gmail"))
    schedule.claim_one(integration.id, now=NOW)

    with pytest.raises(pipeline.AlreadyRunning):
        pipeline.check_one(integration.id, now=NOW)
    assert simulator.calls(provider="composio") == []


def test_what_crashed_too_often_is_said_to_rest(simulator: Simulator) -> None:
    account = simulator.connect("composio", "gmail")
    integration = watch(simulator, account)
    lose(integration, crashes=schedule.PARK_AFTER_CRASHES, now=NOW)

    with pytest.raises(pipeline.Parked):
        pipeline.check_one(integration.id, now=NOW)


def test_an_unreachable_world_is_our_own_fault(simulator: Simulator, settings: Any) -> None:
    due(simulator, 3, status="healthy")
    nowhere = {"base_url": "http://127.0.0.1:1"}
    settings.PROVIDERS = {
        name: {**config, **(nowhere if config["base_url"] else {})}
        for name, config in settings.PROVIDERS.items()
    }

    pipeline.run("composio", now=NOW)

    rows = HealthCheck.objects.all()
    assert {(row.status, row.error_code, row.consecutive_failures) for row in rows} == {
        ("healthy", "internal_error", 0)
    }


def test_one_unreachable_provider_is_not_our_fault(simulator: Simulator, settings: Any) -> None:
    due(simulator, 3, status="healthy")
    settings.PROVIDERS = {
        **settings.PROVIDERS,
        "composio": {**settings.PROVIDERS["composio"], "base_url": "http://127.0.0.1:1"},
    }

    pipeline.run("composio", now=NOW)

    assert {row.error_code for row in HealthCheck.objects.all()} == {"unreachable"}


def test_a_success_beside_an_unreachable_list_is_a_success(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration = watch(simulator, simulator.connect("composio", "gmail"), next_check_at=NOW)
    simulator.script(integration.server_instance_id, "disconnect", on="status")
    monkeypatch.setattr(egress, "_others", lambda _: ["http://127.0.0.1:1"])

    pipeline.run("composio", now=NOW)

    assert health(integration).status == "healthy"


def test_the_refusal_of_one_account_says_nothing_of_the_others(
    simulator: Simulator, settings: Any
) -> None:
    settings.PROVIDERS["composio"]["concurrency"] = 1
    first = watch(simulator, simulator.connect("composio", "gmail", script="missing_scope"))
    second = watch(simulator, simulator.connect("composio", "gmail", script="revoked_but_active"))
    schedule.make_due([first.id, second.id], spread=timedelta(0), now=NOW)

    pipeline.run("composio", now=NOW)

    assert health(first).error_code == "permission"
    assert health(second).error_code == "auth_expired"


def test_a_canary_that_is_no_address_blames_nobody(simulator: Simulator, settings: Any) -> None:
    settings.EGRESS_CANARY_URLS = ["https://a..b.example"]
    account = simulator.connect("composio", "gmail", script="disconnect")
    integration = watch(simulator, account, next_check_at=NOW)
    simulator.script(account, "disconnect", on="status")

    pipeline.run("composio", now=NOW)

    assert health(integration).last_check_at is not None


def test_a_wait_that_the_provider_asks_for_holds_although_its_answers_are_not_recorded(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = simulator.connect("composio", "gmail", script="429(120)")
    watch(simulator, account, next_check_at=NOW)
    monkeypatch.setattr(entries, "decide", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        pipeline.run("composio", now=NOW)

    blocked_until = ProviderBudget.objects.get().blocked_until
    assert blocked_until is not None
    assert blocked_until == NOW + timedelta(minutes=2)
