"""PostgreSQL killed, frozen, locked or read-only under a crowd or a worker; then it is back."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from websockets import Subprotocol
from websockets.sync.client import connect

from integrations_health.quick_redis import MOST_CONNECTIONS
from tests.chaos.database import Database
from tests.chaos.lost_database import (
    BACK_SECONDS,
    is_live,
    is_unavailable,
    read_before,
    sign_in,
)
from tests.chaos.own_database import POOL, Known, Site, token
from tests.chaos.processes import wait_until
from tests.chaos.stack import AFTER_SILENCE, Stack

pytestmark = pytest.mark.chaos

# A socket looks at the database itself about once a minute.
SOCKET_SECONDS = 75.0
MANY = 200
# All in one batch that takes a while, so that there is a middle.
BATCH = 30
# A task that hears that it takes too long tries to connect for two seconds, and must keep what it
# knows before it is killed, 1.5 such deadlines after the first word.
CALL_DEADLINE = 3
PATIENCE = CALL_DEADLINE * 9 + 5


def at_once(site: Site, known: Known, count: int = MANY) -> list[Any]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: site.ask(known.path, token(known.owner)), range(count)))


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_two_hundred_at_once_are_answered_and_then_the_database_is_left_alone(
    site: Site, way: str
) -> None:
    known = read_before(site)

    with site.without_database() if way == "killed" else site.wire.swallowing():
        first = at_once(site, known)
        accepted = site.wire.accepted
        second = at_once(site, known)
        asked_meanwhile = site.wire.accepted - accepted

    assert [answer.json().get("source") for answer in first + second] == ["cache"] * 2 * MANY
    # The pool's own attempts, and a trial or two.
    assert asked_meanwhile <= 2 * POOL


def test_answers_are_fresh_again_and_nothing_has_piled_up(site: Site) -> None:
    known = read_before(site)
    at_once(site, known)
    files = open_beside_redis(site)
    with site.without_database():
        at_once(site, known)
    with site.wire.swallowing():
        at_once(site, known)

    wait_until(lambda: is_live(site), seconds=BACK_SECONDS, what="answers are fresh again")
    answers = at_once(site, known, POOL)

    assert {answer.json()["source"] for answer in answers} == {"live"}
    ((sessions,),) = site.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'integration-health'"
    )
    assert sessions <= POOL
    wait_until(
        lambda: open_beside_redis(site) <= files + POOL,
        seconds=20,
        what=f"it has no more than {files} files and connections open",
    )
    # As many as were needed at once stay open, and those of the live updates.
    assert to_redis(site) <= MOST_CONNECTIONS + 2


def open_beside_redis(site: Site) -> int:
    return site.open_files() - to_redis(site)


def to_redis(site: Site) -> int:
    with site.redis() as client:
        clients: Any = client.client_list()
    return len(clients) - 1  # without the one that asks


def test_a_socket_stays_open_and_is_told_what_it_missed(site: Site) -> None:
    known = read_before(site)
    ways = [Subprotocol("bearer"), Subprotocol(token(known.owner))]
    with connect(site.socket_url, subprotocols=ways, proxy=None) as socket:
        socket.send(json.dumps({"type": "subscribe", "integrationIds": [str(known.id)]}))
        first = json.loads(socket.recv(timeout=10))

        with site.without_database():
            stale = site.ask(known.path, token(known.owner))
        site.rows(
            "UPDATE integration_health_checks SET state_version = state_version + 5 "
            "WHERE integration_id = %s",
            known.id,
        )
        told = json.loads(socket.recv(timeout=SOCKET_SECONDS))

    assert stale.json()["source"] == "cache"
    assert told["version"] == first["version"] + 5


def test_a_locked_table_is_read_from_what_is_known(site: Site) -> None:
    known = read_before(site)

    with site.session() as migration:
        migration.execute("LOCK TABLE integration_health_checks IN ACCESS EXCLUSIVE MODE")
        answers = at_once(site, known, 40)
        ((sessions,),) = site.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'integration-health'"
        )

    assert [answer.json().get("source") for answer in answers] == ["cache"] * 40
    assert sessions <= POOL


def test_a_database_that_only_reads_is_read_and_refuses_writes(site: Site) -> None:
    known = read_before(site)
    one = f"/api/integrations/{known.id}"
    with site.only_reading():
        written = site.ask(one, token(known.owner), method="PATCH", json={"enabled": False})
        signed_in = sign_in(site)
        read = site.ask(known.path, token(known.owner))

    assert is_unavailable(written)
    assert signed_in.status_code == 503
    assert (read.status_code, read.json()["current"]["status"]) == (200, "unknown")
    wait_until(
        lambda: site.ask(one, token(known.owner), method="PATCH", json={"enabled": False})
        .status_code == 200,
        seconds=20,
        what="it writes again",
    )  # fmt: skip


@pytest.fixture
def stack(site: Site, tmp_path: Path) -> Iterator[Stack]:
    """Return a worker on the site's servers, and the provider that it asks."""
    stack = Stack(Database(site.database_url), site.redis_url, tmp_path)
    try:
        stack.start_simulator(accounts=3 * BATCH, latency_ms=60)
        worker = stack.start_worker(
            CHECK_BATCH_SIZE=str(BATCH),
            COMPOSIO_CONCURRENCY="3",
            CALL_DEADLINE_SECONDS=str(CALL_DEADLINE),
        )
        stack.wait_until_ready(worker)
        yield stack
    finally:
        stack.end()
        stack.database.connection.close()


def lose_database(stack: Stack, way: Callable[[], AbstractContextManager[None]], nth: int) -> None:
    """Take the database from the worker in the middle of its nth batch, until it has ended."""
    worker, asked = stack.processes[-1], len(stack.probes())
    stack.database.watch(range(nth * BATCH, (nth + 1) * BATCH))
    stack.wake(1)
    stack.wait_until(
        lambda: len(stack.probes()) >= asked + BATCH // 3, seconds=10, what="it is in the middle"
    )
    with way():
        stack.wait_until(
            lambda: worker.text().count("results.kept") > nth,
            seconds=PATIENCE,
            what="the results are kept",
        )
    stack.database.reconnect()
    stack.wait_until_all_checked(seconds=AFTER_SILENCE)


def test_what_a_worker_heard_meanwhile_is_recorded_and_nobody_is_asked_again(
    site: Site, stack: Stack
) -> None:
    site.rows("TRUNCATE user_integrations, integration_health_history CASCADE")
    # One after another, because to start a worker costs more than to take its database away.
    ways = (site.without_database, site.only_reading, site.frozen_database)

    for nth, way in enumerate(ways):
        lose_database(stack, way, nth)

    ledger = stack.audit()
    assert (ledger.violations, ledger.unrecorded) == ([], [])
    assert len(stack.probes()) == len(stack.database.finished()) == len(ways) * BATCH
    assert stack.database.rows(_MARKS) == [(1, 1, 0, len(ways) * BATCH)]


_MARKS = """
SELECT check_seq, applied_seq, crash_count, count(*) FROM integration_health_checks GROUP BY 1, 2, 3
"""
