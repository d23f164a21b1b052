"""Redis restarted, emptied or away under live sockets: right again within a minute."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.test import Client

from config.valkey import Valkey
from integrations_health import network
from integrations_health.models import HealthCheck, Integration, User
from tests import factories
from tests.chaos.processes import wait_until
from tests.live.conftest import session_of
from tests.live.serving import Server, change, closed, heard, serving, subscribe

pytestmark = pytest.mark.chaos

# What is promised, and some seconds for a busy machine.
RIGHT_AGAIN_SECONDS = 65.0


class OwnRedis:
    """A server that a test may kill and start again, at the same address."""

    def __init__(self, valkey: Valkey, url: str) -> None:
        self.valkey = valkey
        self.url = url

    def kill(self) -> None:
        """Kill it, as a power cut would; it keeps nothing."""
        self.valkey.process.kill()
        self.valkey.process.wait()

    def start(self) -> None:
        """Start it again, and wait until it answers."""
        self.valkey.relaunch()
        wait_until(self._answers, seconds=20, what="the server is back")

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@pytest.fixture
def own_redis(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    """Return a server of the test's own, to which the test's process tells changes, too."""
    valkey = Valkey(tmp_path / "valkey", is_durable=False)
    with valkey.running() as url:
        settings.REDIS_URL = settings.CHANNELS_URL = url
        layer = settings.CHANNEL_LAYERS["default"]
        hosts = [{**layer["CONFIG"]["hosts"][0], "address": url}]
        settings.CHANNEL_LAYERS = {
            "default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": hosts}}
        }
        network.close()
        yield OwnRedis(valkey, url)
        network.close()


@pytest.fixture
def own_server(own_redis: OwnRedis, transactional_db: None, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, REDIS_URL=own_redis.url) as server:
        yield server


def ticket_of(browser: Client) -> str:
    """Return the path by which a socket opens with a ticket that a session got."""
    return f"/health-updates?ticket={browser.post('/api/ws-ticket').json()['ticket']}"


def changes_until_told(client: Any, integration: Integration) -> float:
    """Change once, and return the seconds until the client has heard of it."""
    change(integration)
    newest = HealthCheck.objects.get(integration=integration).state_version
    began = time.monotonic()
    while heard(client, within=RIGHT_AGAIN_SECONDS)["version"] < newest:
        pass
    return time.monotonic() - began


def wait_until_regained(server: Server) -> None:
    wait_until(
        lambda: "live.regained" in server.log(),
        seconds=40,
        what="messages arrive again",
    )


def test_a_restart_costs_a_socket_a_minute_of_liveness_at_most(
    own_server: Server, own_redis: OwnRedis, owner: User
) -> None:
    gmail = factories.integration(user=owner)
    with own_server.open(session=session_of(owner)) as client:
        subscribe(client, gmail)
        heard(client)

        own_redis.kill()
        own_redis.start()

        assert changes_until_told(client, gmail) < RIGHT_AGAIN_SECONDS
        # And from now on as ever: by Redis, at once.
        wait_until_regained(own_server)
        assert changes_until_told(client, gmail) < 5


def test_an_emptied_redis_costs_a_socket_a_minute_of_liveness_at_most(
    own_server: Server, own_redis: OwnRedis, owner: User
) -> None:
    gmail = factories.integration(user=owner)
    with own_server.open(session=session_of(owner)) as client:
        subscribe(client, gmail)
        heard(client)

        with redis.Redis.from_url(own_redis.url) as admin:
            admin.flushall()

        assert changes_until_told(client, gmail) < RIGHT_AGAIN_SECONDS
        wait_until_regained(own_server)
        assert changes_until_told(client, gmail) < 5


def test_while_redis_is_away_sockets_open_and_look_at_the_database(
    own_server: Server, own_redis: OwnRedis, owner: User
) -> None:
    gmail = factories.integration(user=owner)
    with own_server.open(session=session_of(owner)) as client:
        subscribe(client, gmail)
        heard(client)

        own_redis.kill()
        seconds = changes_until_told(client, gmail)
        with own_server.open(session=session_of(owner)) as newcomer:
            subscribe(newcomer, gmail)
            assert heard(newcomer)["integrationId"] == str(gmail.pk)
            again = changes_until_told(newcomer, gmail)
        own_redis.start()

    # Every fifteen seconds, more or less.
    assert max(seconds, again) < 25


def test_a_redis_that_hangs_holds_nobody_up(
    own_server: Server, own_redis: OwnRedis, owner: User
) -> None:
    gmail = factories.integration(user=owner)
    with own_server.open(session=session_of(owner)) as client:
        subscribe(client, gmail)
        heard(client)

        os.kill(own_redis.valkey.process.pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            change(gmail)
            took = time.monotonic() - began
            told = changes_until_told(client, gmail)
        finally:
            os.kill(own_redis.valkey.process.pid, signal.SIGCONT)
        wait_until_regained(own_server)

        assert changes_until_told(client, gmail) < 5
    assert took < 4
    assert told < RIGHT_AGAIN_SECONDS


def test_signing_out_while_redis_is_away_ends_all_that_the_session_opened(
    own_server: Server, own_redis: OwnRedis, owner: User
) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        browser.force_login(owner)
    gmail = factories.integration(user=owner)

    with (
        own_server.open(session=here.cookies["sessionid"].value) as by_cookie,
        own_server.open(ticket_of(here)) as by_ticket,
        own_server.open(ticket_of(there)) as other,
    ):
        own_redis.kill()
        here.logout()

        # As often as they look at the database meanwhile, more or less.
        assert [closed(one, within=25) for one in (by_cookie, by_ticket)] == [4401, 4401]
        subscribe(other, gmail)
        assert heard(other)["integrationId"] == str(gmail.pk)
        own_redis.start()
