"""No provider keeps every process busy, and whoever dies gives its place back."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Any, cast

import pytest
import redis as redis_client

from integrations_health import fair_share, pipeline, sweeping
from tests.chaos.processes import wait_until

PROVIDER = "composio"
KEY = "checks:at:composio"


@pytest.fixture(name="link")
def _link(redis: redis_client.Redis, settings: Any) -> redis_client.Redis:
    settings.CHECK_WAKE_UPS = 3
    return redis


def kept_until(link: redis_client.Redis) -> float:
    ((_, until),) = cast("list[tuple[bytes, float]]", link.zrange(KEY, 0, -1, withscores=True))
    return until


def test_one_process_is_left_to_the_others(link: redis_client.Redis) -> None:
    with ExitStack() as held:
        taken = [held.enter_context(fair_share.place(PROVIDER)) for _ in range(3)]
        with fair_share.place("klavis") as is_free_elsewhere:
            pass

    assert taken == [True, True, False]
    assert is_free_elsewhere
    assert link.zcard(KEY) == 0


@pytest.mark.usefixtures("link")
def test_what_two_providers_kept_busy_together_is_left_to_a_third_first(settings: Any) -> None:
    settings.CHECK_WAKE_UPS = 4

    with ExitStack() as first, ExitStack() as second:
        taken = [first.enter_context(fair_share.place(PROVIDER)) for _ in range(2)]
        with fair_share.place(PROVIDER) as is_third_free:
            taken.append(second.enter_context(fair_share.place("klavis")))
        again = [fair_share.place(PROVIDER), fair_share.place("klavis"), fair_share.place("mcp")]
        wanted = [first.enter_context(one) for one in again]

    assert (taken, is_third_free) == ([True] * 3, True)
    assert wanted == [False, False, True]


def test_a_single_process_is_nobodys_alone(link: redis_client.Redis, settings: Any) -> None:
    settings.CHECK_WAKE_UPS = 1

    with fair_share.place(PROVIDER) as is_free:
        pass

    assert is_free


def test_what_a_killed_process_held_is_free_again(link: redis_client.Redis) -> None:
    link.zadd(KEY, {"a process that was killed": 1, "and another": 2})

    with fair_share.place(PROVIDER) as is_free:
        left = link.zcard(KEY)

    assert is_free
    assert left == 1


def test_a_place_is_kept_for_as_long_as_it_is_needed(
    link: redis_client.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_share, "KEPT_FOR", timedelta(seconds=0.3))

    with fair_share.place(PROVIDER):
        first_until = kept_until(link)
        wait_until(
            lambda: kept_until(link) > first_until + 300,
            seconds=10,
            what="the place is taken anew after its time",
        )


def test_without_redis_nobody_is_kept_from_checking(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    with fair_share.place(PROVIDER) as is_free:
        pass

    assert is_free


@pytest.mark.usefixtures("link")
def test_whoever_finds_no_place_takes_no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: pytest.fail("a batch was taken"))

    with fair_share.place(PROVIDER), fair_share.place(PROVIDER):
        is_more = sweeping.sweep(PROVIDER)

    assert not is_more
