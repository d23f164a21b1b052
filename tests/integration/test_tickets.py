"""One-time tickets, in the real Redis."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from integrations_health import tickets
from integrations_health.access import OWN, Caller, Scope, Way
from integrations_health.tickets import Holder
from tests.conftest import NO_SERVER

CALLERS = {
    "a user by our id": Caller(way=Way.SESSION, scopes=OWN, user_id=uuid4()),
    "a user by the application's id, for a while": Caller(
        way=Way.TOKEN,
        scopes=OWN,
        external_id="app-user-7",
        expires_at=datetime(2031, 3, 14, 9, 26, 53, 589_000, tzinfo=UTC),
    ),
    "a back end": Caller(way=Way.API_KEY, scopes=frozenset({Scope.READ}), key_id=uuid4()),
}


@pytest.mark.parametrize("caller", CALLERS.values(), ids=CALLERS)
def test_a_ticket_stands_for_who_asked_for_it(redis: Redis, caller: Caller) -> None:
    ticket = tickets.issue(caller)

    assert tickets.redeem(ticket) == Holder(caller=caller)


def test_a_ticket_knows_the_session_that_got_it(redis: Redis) -> None:
    caller = CALLERS["a user by our id"]

    ticket = tickets.issue(caller, session_key="a-session")

    (key,) = redis.scan_iter()
    kept = redis.execute_command("GET", key)
    assert tickets.redeem(ticket) == Holder(caller=caller, session_key="a-session")
    # Who reads Redis learns neither.
    assert b"a-session" not in kept
    assert ticket.encode() not in kept


def test_a_ticket_is_good_once(redis: Redis) -> None:
    ticket = tickets.issue(CALLERS["a back end"])
    tickets.redeem(ticket)

    assert tickets.redeem(ticket) is None


def test_a_made_up_ticket_stands_for_nobody(redis: Redis) -> None:
    assert tickets.redeem("made-up") is None


def test_a_ticket_ends_by_itself_within_half_a_minute(redis: Redis) -> None:
    tickets.issue(CALLERS["a back end"])

    (key,) = redis.scan_iter()
    assert 0 < redis.execute_command("PTTL", key) <= 30_000


def test_who_reads_redis_finds_no_ticket(redis: Redis) -> None:
    ticket = tickets.issue(CALLERS["a back end"])

    (key,) = redis.scan_iter()
    assert ticket.encode() not in key + redis.execute_command("GET", key)


def test_without_redis_tickets_are_unavailable(settings: Any) -> None:
    settings.REDIS_URL = f"redis://{NO_SERVER}/0"

    with pytest.raises(tickets.Unavailable):
        tickets.issue(CALLERS["a back end"])
    with pytest.raises(tickets.Unavailable):
        tickets.redeem("any")
