"""What a recorded batch costs when nobody looks, and what is told when somebody does."""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from channels.layers import get_channel_layer
from django.conf import settings
from redis import Redis

from integrations_health import audience, live, network, pipeline, quick_redis, schedule
from integrations_health.models import HealthCheck, Integration, ProviderIncident
from tests import factories
from tests.admin_pages import url
from tests.conftest import NO_SERVER
from tests.results import claim, lose, result
from tests.roles import browser_of, member
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_network(redis: Redis) -> Iterator[None]:
    network.close()
    yield
    network.close()


@pytest.fixture(autouse=True)
def _listening(_own_network: None) -> None:
    async def join() -> None:
        layer: Any = get_channel_layer()
        await layer.group_add(live.GROUP, "a-test")

    network.run(join())


def watch(*integrations: Integration) -> None:
    """Mark the owners of integrations as being looked at."""

    async def mark() -> None:
        link = quick_redis.asynchronous(settings.CHANNELS_URL)
        await audience.mark(link, [one.user_id for one in integrations])
        await link.aclose()

    network.run(mark())


def told() -> dict[str, Any] | None:
    """Return the next message that was told, None when there is none."""

    async def receive() -> dict[str, Any] | None:
        layer: Any = get_channel_layer()
        try:
            async with asyncio.timeout(1):
                message: dict[str, Any] = await layer.receive("a-test")
                return message
        except TimeoutError:
            return None

    return network.run(receive())


def calls(redis: Redis) -> Counter[str]:
    """Return how often each command was called so far, but for this one."""
    stats = cast("dict[str, dict[str, int]]", redis.info("commandstats"))
    stats.pop("cmdstat_info", None)
    return Counter({name: one["calls"] for name, one in stats.items()})


def owners(*integrations: Integration) -> dict[Any, Any]:
    return {one.pk: one.user_id for one in integrations}


@pytest.mark.parametrize(
    ("others_watched", "commands"),
    [(0, {"cmdstat_exists": 1}), (1, {"cmdstat_exists": 1, "cmdstat_mget": 1})],
)
def test_when_nobody_looks_at_them_it_costs_few_commands_and_no_statement(
    redis: Redis, others_watched: int, commands: dict[str, int]
) -> None:
    for _ in range(others_watched):
        watch(factories.integration())
    integrations = [factories.integration() for _ in range(50)]
    live.push(owners(*integrations))  # has its connection from now on
    before = calls(redis)

    with counted_statements() as sent:
        live.push(owners(*integrations))

    after = calls(redis)
    assert after - before == Counter(commands)
    assert len(sent) == 0


@pytest.mark.parametrize("size", [1, 40])
def test_what_is_looked_at_is_read_in_two_statements_whatever_its_size(size: int) -> None:
    integrations = [factories.integration() for _ in range(size)]
    watch(*integrations)

    with counted_statements() as sent:
        live.push(owners(*integrations))

    assert len(sent) == 2


def test_only_those_are_told_at_whose_integrations_somebody_looks() -> None:
    looked_at, other = factories.integration(), factories.integration()
    watch(looked_at)

    live.push(owners(looked_at, other))

    message = told()
    assert message is not None
    assert [update[:2] for update in message["updates"]] == [
        [str(looked_at.user_id), str(looked_at.pk)]
    ]
    assert told() is None


def test_a_whole_batch_is_told_in_few_messages() -> None:
    integrations = [factories.integration() for _ in range(150)]
    watch(*integrations)

    live.push(owners(*integrations))

    messages = [told(), told(), told()]
    assert [len(one["updates"]) if one else 0 for one in messages] == [100, 50, 0]


@pytest.mark.django_db(transaction=True)
def test_a_batch_is_told_once_it_is_recorded_for_good() -> None:
    watched = factories.integration()
    watch(watched)

    pipeline.record([result(target) for target in claim(watched)])

    message = told()
    assert message is not None
    ((_, _, version, _),) = message["updates"]
    assert version == HealthCheck.objects.get(integration=watched).state_version


def sweep(of: Integration) -> None:
    pipeline.run(of.provider)


def check_by_hand(of: Integration) -> None:
    with pytest.raises(pipeline.Parked):
        pipeline.check_one(of.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("look", [sweep, check_by_hand])
def test_what_is_parked_is_told_as_any_change_is(look: Callable[[Integration], None]) -> None:
    poison = factories.integration(status="healthy")
    lose(poison, crashes=schedule.PARK_AFTER_CRASHES)
    watch(poison)

    look(poison)

    message = told()
    assert message is not None
    ((_, _, version, frame),) = message["updates"]
    assert json.loads(frame)["health"]["status"] == "unknown"
    assert version == HealthCheck.objects.get(integration=poison).state_version == 1


def test_without_redis_nobody_waits_and_nothing_is_raised(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHANNELS_URL = f"redis://{NO_SERVER}/0"
    began = time.monotonic()

    live.push(owners(factories.integration()))

    assert time.monotonic() - began < 1
    (line,) = (record for record in caplog.records if record.message == "live.not_told")
    assert line.levelno == logging.WARNING
    assert line.__dict__["count"] == 1


def test_an_incident_is_one_message() -> None:
    for _ in range(3):
        factories.integration()

    live.tell_of_incident("composio")

    assert [told(), told()] == [{"type": "incident", "provider": "composio"}, None]


def test_an_incident_that_staff_open_and_close_is_told_like_any_other(
    django_capture_on_commit_callbacks: Any,
) -> None:
    client = browser_of(member("operator"))
    about = {"provider": "composio", "service": "gmail", "cause": "provider"}

    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(ProviderIncident, "add"), about)
    opened = told()
    closing = {"action": "close", "_selected_action": [str(ProviderIncident.objects.get().pk)]}
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url(ProviderIncident, "changelist"), closing)

    assert opened == {"type": "incident", "provider": "composio"}
    assert [told(), told()] == [opened, None]
