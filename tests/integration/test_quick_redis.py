"""A rush of threads shares its connections to Redis, and leaves no more than that behind."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import redis as redis_client

from integrations_health import quick_redis

MANY = 2 * quick_redis.MOST_CONNECTIONS


def test_a_rush_of_threads_is_served_by_no_more_connections_than_allowed(
    settings: Any, redis: redis_client.Redis
) -> None:
    link = quick_redis.connection(f"{settings.REDIS_URL}?client_name=rush")

    def wait_a_little(_: int) -> object:
        return link.blpop(["nobody-writes-here"], timeout=0.1)

    with ThreadPoolExecutor(MANY) as threads:
        answers = list(threads.map(wait_a_little, range(MANY)))

    assert answers == [None] * MANY
    names = [client["name"] for client in cast("list[dict[str, str]]", redis.client_list())]
    assert names.count("rush") == quick_redis.MOST_CONNECTIONS
