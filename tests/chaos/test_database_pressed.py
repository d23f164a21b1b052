"""PostgreSQL killed, frozen, locked or read-only under a crowd, and then it is back."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from websockets import Subprotocol
from websockets.sync.client import connect

from tests.chaos.lost_database import (
    BACK_SECONDS,
    is_live,
    is_unavailable,
    read_before,
    sign_in,
)
from tests.chaos.own_database import POOL, Known, Site, token
from tests.chaos.processes import wait_until

pytestmark = pytest.mark.chaos

# A socket looks at the database itself about once a minute.
SOCKET_SECONDS = 75.0
MANY = 200


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
    files = site.open_files()
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
        lambda: site.open_files() <= files + POOL,
        seconds=20,
        what=f"it has no more than {files} files and connections open",
    )


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
    try:
        site.rows("ALTER SYSTEM SET default_transaction_read_only = on")
        site.rows("SELECT pg_reload_conf()")
        wait_until(
            lambda: site.rows("SHOW default_transaction_read_only") == [("on",)],
            seconds=10,
            what="it only reads",
        )
        written = site.ask(one, token(known.owner), method="PATCH", json={"enabled": False})
        signed_in = sign_in(site)
        read = site.ask(known.path, token(known.owner))
    finally:
        site.rows("BEGIN READ WRITE; COMMIT")
        site.rows("ALTER SYSTEM RESET default_transaction_read_only")
        site.rows("SELECT pg_reload_conf()")

    assert is_unavailable(written)
    assert signed_in.status_code == 503
    assert (read.status_code, read.json()["current"]["status"]) == (200, "unknown")
    wait_until(
        lambda: site.ask(one, token(known.owner), method="PATCH", json={"enabled": False})
        .status_code == 200,
        seconds=20,
        what="it writes again",
    )  # fmt: skip
