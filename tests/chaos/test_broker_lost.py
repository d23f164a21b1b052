"""F4 and F24: the broker is killed, frozen, full or emptied under a worker; then it is back."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from config.valkey import Valkey
from tests.chaos import stack
from tests.chaos.stack import AFTER_SILENCE, Stack

pytestmark = pytest.mark.chaos

INTEGRATIONS = 90
DUE_OVER = timedelta(seconds=6)
# Celery connects again after two seconds, four, six.
BACK_WITHIN = 12.0 + AFTER_SILENCE


class Broker:
    """A broker that nobody else uses, and what may happen to it."""

    def __init__(self, server: Valkey, url: str) -> None:
        self.url = url
        self._server = server

    @contextmanager
    def killed(self) -> Iterator[None]:
        """Kill it for the block, and start it again, empty."""
        self._server.process.kill()
        self._server.process.wait()
        yield
        self._server.relaunch()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it take connections and answer nothing in the block."""
        self._server.process.send_signal(signal.SIGSTOP)
        yield
        self._server.process.send_signal(signal.SIGCONT)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Let it refuse whatever would need memory in the block."""
        with redis.Redis.from_url(self.url) as client:
            client.config_set("maxmemory", 1)
            yield
            client.config_set("maxmemory", 0)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Return a broker of the test's own."""
    server = Valkey(tmp_path / "broker", is_durable=False)
    with server.running() as url:
        yield Broker(server, url)


@pytest.fixture(name="stack")
def _stack(db: None, tmp_path: Path, broker: Broker) -> Iterator[Stack]:
    """Return a stack on that broker, with a worker and a beat that are at work."""
    with stack.running(tmp_path, broker_url=broker.url) as running:
        running.start_simulator(accounts=INTEGRATIONS)
        worker = running.start_worker()
        running.start_beat()
        running.wait_until_ready(worker)
        running.database.watch(range(INTEGRATIONS), due_over=DUE_OVER)
        running.wait_until(
            lambda: running.database.unchecked() < INTEGRATIONS,
            seconds=AFTER_SILENCE,
            what="the first are checked",
        )
        yield running


@pytest.mark.parametrize("way", [Broker.killed, Broker.frozen, Broker.full])
def test_what_came_due_while_the_broker_was_away_is_checked_once_when_it_is_back(
    stack: Stack, broker: Broker, way: Callable[[Broker], AbstractContextManager[None]]
) -> None:
    with way(broker):
        wait_until_all_are_due(stack)
        waited = stack.database.unchecked()

    stack.wait_until_all_checked(seconds=BACK_WITHIN)

    assert waited > 0
    assert_that_nothing_is_wrong(stack)


def test_whatever_is_lost_with_the_brokers_memory_is_made_up_for(
    stack: Stack, broker: Broker
) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.flushall()

    wait_until_all_are_due(stack)
    stack.wait_until_all_checked(seconds=AFTER_SILENCE)

    assert_that_nothing_is_wrong(stack)


def wait_until_all_are_due(stack: Stack) -> None:
    last = stack.database.value(
        "SELECT max(next_check_at) FROM integration_health_checks WHERE last_check_at IS NULL"
    )
    stack.wait_until(
        lambda: last is None or stack.database.now() > last,
        seconds=DUE_OVER.total_seconds() + 5,
        what="all are due",
    )


def assert_that_nothing_is_wrong(stack: Stack) -> None:
    ledger = stack.audit()
    assert ledger.violations == []
    assert ledger.unrecorded == []
    assert len(stack.database.finished()) == INTEGRATIONS
    assert all(process.is_alive for process in stack.processes)
