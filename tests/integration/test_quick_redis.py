"""A rush of threads shares its connections to Redis, and leaves no more than that behind."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
import redis as redis_client

from integrations_health import quick_redis


def test_a_rush_of_threads_is_served_by_no_more_connections_than_allowed(
    settings: Any, redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_redis, "MOST_CONNECTIONS", 4)
    link = quick_redis.connection(f"{settings.REDIS_URL}?client_name=rush")

    def wait_a_little(_: int) -> object:
        return link.blpop(["nobody-writes-here"], timeout=0.05)

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(wait_a_little, range(12)))

    assert answers == [None] * 12
    clients = cast("list[dict[str, str]]", redis.client_list())
    assert [client["name"] for client in clients].count("rush") == 4
    link.close()
