"""What is kept in Redis of results that could not be recorded, and when it is not."""

from typing import Any, cast

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DataError, OperationalError
from redis import Redis

from integrations_health import buffer, schedule
from tests import factories
from tests.conftest import NOW
from tests.keeping import keep
from tests.results import result

pytestmark = pytest.mark.django_db
STREAM = "results:kept"


def test_it_says_how_many_wait(redis: Redis) -> None:
    factories.integration(next_check_at=NOW)
    taken = schedule.claim_due("composio", limit=1, now=NOW)

    for _ in range(2):
        keep(taken, [result(taken.targets[0])])

    assert buffer.length() == 2
    assert 0 < cast("int", redis.ttl(STREAM)) <= buffer.KEPT_FOR.total_seconds()


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("error", [DataError("a bug of ours"), ValueError("another")])
def test_what_would_fail_again_is_not_kept(error: Exception) -> None:
    taken = schedule.claim_due("composio", limit=1, now=NOW)

    assert not buffer.keep([], taken, because=error)
    assert buffer.length() == 0


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("is_answered", [True, False])
def test_out_of_time_is_kept_what_there_is_and_without_it_the_claim_is_given_back(
    is_answered: bool,
) -> None:
    factories.integration(next_check_at=NOW)
    taken = schedule.claim_due("composio", limit=1, now=NOW)
    results = [result(target) for target in taken.targets] if is_answered else []

    assert buffer.keep(results, taken, because=SoftTimeLimitExceeded()) is is_answered


def test_a_full_buffer_takes_no_more(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    with redis.pipeline() as many:
        for _ in range(buffer.MOST_ENTRIES):
            many.xadd(STREAM, {"version": 0})
        many.execute()

    assert not keep(schedule.claim_due("composio", limit=1, now=NOW), [])
    assert buffer.length() == buffer.MOST_ENTRIES
    assert [vars(line)["reason"] for line in caplog.records] == ["full"]


def test_without_redis_nothing_is_kept_and_one_line_says_so(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://:a-password@127.0.0.1:1/0"
    taken = schedule.claim_due("composio", limit=1, now=NOW)

    assert not buffer.keep([], taken, because=OperationalError())
    assert caplog.messages == ["results.not_kept"]
    assert "a-password" not in caplog.text
