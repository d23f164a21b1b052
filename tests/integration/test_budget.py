"""How much a provider lets us ask."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from integrations_health import budget, network, pipeline
from integrations_health.allotment import Allotment, Lane
from integrations_health.models import ProviderBudget
from integrations_health.providers.base import NoBudget, RateLimit
from integrations_health.providers.simulator import Simulator
from tests.conftest import NOW
from tests.watching import watch

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_hundred_calls_a_minute(settings: Any) -> None:
    settings.PROVIDERS = {
        **settings.PROVIDERS,
        "composio": {**settings.PROVIDERS["composio"], "calls_per_minute": 100},
    }


def booked(*, calls: int, after: timedelta = timedelta(), lane: Lane = Lane.SWEEP) -> int:
    return budget.reserve("composio", calls=calls, lane=lane, now=NOW + after).calls


def test_no_minute_holds_more_calls_than_the_provider_allows() -> None:
    granted = [booked(calls=1000, after=timedelta(seconds=second)) for second in range(60)]

    # Booked within the first minute, going out within it and the half minute after.
    assert sum(granted) <= 100 * 1.5


def test_the_sweep_leaves_the_share_of_those_who_ask_by_hand() -> None:
    sweep = sum(booked(calls=1000, after=timedelta(seconds=s)) for s in range(0, 600))
    by_hand = booked(calls=1, after=timedelta(seconds=599), lane=Lane.MANUAL)

    assert sweep <= 10 * 100 * 0.85 + 43
    assert by_hand == 1


def test_nothing_is_booked_that_a_batch_has_no_time_to_wait_for(settings: Any) -> None:
    settings.BATCH_DEADLINE = timedelta(seconds=12)

    assert booked(calls=1000) == int(100 * 0.85 / 60 * 2)


def test_what_was_booked_and_not_used_comes_back() -> None:
    allotment = budget.reserve("composio", calls=3, now=NOW)
    before = budget.room("composio", now=NOW)

    budget.settle("composio", allotment, now=NOW)

    assert budget.room("composio", now=NOW) == before + 3


def test_a_stretch_in_the_middle_is_lost_rather_than_doubled() -> None:
    first = budget.reserve("composio", calls=3, now=NOW)
    budget.reserve("composio", calls=3, now=NOW)
    before = budget.room("composio", now=NOW)

    budget.settle("composio", first, now=NOW)

    assert budget.room("composio", now=NOW) == before


def test_the_providers_own_word_lowers_the_pace() -> None:
    allotment = budget.reserve("composio", calls=0, now=NOW)
    said = RateLimit(limit=20, remaining=19, window=timedelta(seconds=60))

    budget.settle("composio", allotment, rate_limit=said, now=NOW)

    assert budget.room("composio", now=NOW) == int(20 * 0.85 / 60 * 10)


def test_who_is_told_to_wait_asks_nothing_else(simulator: Simulator) -> None:
    account = simulator.connect("klavis", "gmail", script="429(120)")
    watch(simulator, account, next_check_at=NOW)

    pipeline.run("klavis", now=NOW)

    assert len(simulator.calls(provider="klavis")) == 1
    assert budget.room("klavis", now=NOW + timedelta(seconds=119)) == 0


def test_what_a_provider_said_of_its_window_is_heeded_once(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.limit("composio", 1000)
    monkeypatch.setattr(type(simulator.quotas["composio"]), "remaining", 2)
    watched = watch(simulator, simulator.connect("composio", "gmail"))
    pipeline.check_one(watched.pk, now=NOW)
    held_until = ProviderBudget.objects.get().manual_next_at

    with pytest.raises(budget.Spent):
        pipeline.check_one(watched.pk, is_fresh=True, now=NOW + timedelta(seconds=9))

    assert ProviderBudget.objects.get().manual_next_at == held_until > NOW + timedelta(seconds=9)


def test_a_pace_beyond_all_counting_is_as_good_as_none() -> None:
    allotment = budget.reserve("composio", calls=0, now=NOW)
    said = RateLimit(limit=999_999_999, remaining=999, window=timedelta(seconds=1))

    budget.settle("composio", allotment, rate_limit=said, wait=timedelta(minutes=2), now=NOW)

    assert budget.room("composio", now=NOW + timedelta(minutes=1)) == 0
    assert budget.room("composio", now=NOW + timedelta(minutes=3)) > 0


def test_a_window_that_is_nearly_spent_stops_the_sweep_but_no_person() -> None:
    allotment = budget.reserve("composio", calls=0, now=NOW)
    said = RateLimit(limit=100, remaining=2, window=timedelta(seconds=120))

    budget.settle("composio", allotment, rate_limit=said, now=NOW)

    assert budget.room("composio", now=NOW) == 0
    assert booked(calls=1, lane=Lane.MANUAL) == 1


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (timedelta(seconds=1), timedelta(seconds=60)),
        (timedelta(seconds=90), timedelta(seconds=90)),
        (timedelta(days=3650), timedelta(hours=1)),
    ],
)
def test_nothing_goes_out_before_the_provider_said_so(asked: timedelta, kept: timedelta) -> None:
    allotment = budget.reserve("composio", calls=1, now=NOW)

    budget.settle("composio", allotment, wait=asked, now=NOW)

    just_before, just_after = kept - timedelta(seconds=1), kept
    assert booked(calls=1, after=just_before) == 0
    assert booked(calls=1, after=just_before, lane=Lane.MANUAL) == 0
    assert booked(calls=1, after=just_after) == 1


@pytest.mark.parametrize("lane", list(Lane))
def test_the_lowest_limit_still_lets_a_call_out(lane: Lane) -> None:
    allotment = budget.reserve("composio", calls=0, now=NOW)
    a_day = RateLimit(limit=500, remaining=499, window=timedelta(days=1))

    budget.settle("composio", allotment, rate_limit=a_day, now=NOW)

    assert booked(calls=9, lane=lane) == 1
    assert booked(calls=9, lane=lane) == 0


def test_a_batch_that_would_have_to_wait_long_for_its_turn_does_not_hold_a_worker() -> None:
    booked(calls=1000)

    assert booked(calls=1000) == 0
    assert booked(calls=1000, after=timedelta(seconds=9)) > 0


def test_plain_mcp_servers_share_no_limit() -> None:
    assert budget.reserve("mcp", calls=5000, now=NOW).calls >= 5000


# So many beyond what was booked go out in a twentieth of a second, and are charged.
UNNOTICED = 5


@pytest.fixture
def a_hundred_calls_a_second(settings: Any) -> None:
    settings.PROVIDERS["composio"]["calls_per_minute"] = 6000
    settings.CHECK_BATCH_SIZE = 10_000


@pytest.mark.usefixtures("a_hundred_calls_a_second")
def test_what_was_overdrawn_is_charged_afterwards() -> None:
    allotment = budget.reserve("composio", calls=2, now=NOW)
    budget.reserve("composio", calls=1, now=NOW)
    before = budget.room("composio", now=NOW)
    network.run(pass_gate(allotment, times=5))

    budget.settle("composio", allotment, now=NOW)

    assert budget.room("composio", now=NOW) == before - 3


async def pass_gate(allotment: Allotment, *, times: int) -> None:
    for _ in range(times):
        await allotment.gate()


@pytest.mark.usefixtures("a_hundred_calls_a_second")
def test_what_is_late_for_its_turn_has_another_behind_those_that_are_booked() -> None:
    errands = network.Errands()
    late = budget.reserve("composio", calls=1, do=errands.do)
    others = budget.reserve("composio", calls=30)

    network.run(pass_gate(late, times=1 + UNNOTICED + 5), errands=errands)

    assert late.ends_at is not None
    assert others.ends_at is not None
    assert late.ends_at > others.ends_at
    assert late.used == 1 + UNNOTICED + 5


@pytest.mark.usefixtures("a_hundred_calls_a_second")
def test_nothing_is_booked_that_could_not_be_answered_before_the_batch_ends(settings: Any) -> None:
    settings.BATCH_DEADLINE = settings.CALL_DEADLINE
    errands = network.Errands()
    late = budget.reserve("composio", calls=1, do=errands.do, now=NOW)
    before = budget.room("composio", now=NOW)

    with pytest.raises(NoBudget):
        network.run(pass_gate(late, times=10), errands=errands)

    assert budget.room("composio", now=NOW) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("a_hundred_calls_a_second")
def test_a_batch_that_cannot_book_any_more_keeps_what_it_has(caplog: Any) -> None:
    errands = network.Errands()
    late = budget.reserve("composio", calls=1, do=errands.do)
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(NoBudget):
        network.run(pass_gate(late, times=10), errands=errands)

    assert late.used <= 1 + UNNOTICED
    assert [record.getMessage() for record in caplog.records] == ["budget.not_booked"]
    connection.close()
