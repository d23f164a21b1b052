"""What a client shows when it opens a WebSocket."""

from typing import Any

import pytest

from integrations_health import handshake
from integrations_health.handshake import Proof, Refused

OURS = "https://health.example.com"
APP = "http://localhost:3000"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl"


def read(**fields: Any) -> handshake.Claim:
    origin, cookie = fields.pop("origin", OURS), fields.pop("cookie", None)
    headers = [(b"host", b"health.example.com")]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if cookie is not None:
        headers.append((b"cookie", cookie.encode()))
    scope = {"headers": headers, "query_string": b"", "subprotocols": [], **fields}
    return handshake.read(scope, origins=[OURS, APP], session_cookie="sessionid")


@pytest.mark.parametrize("origin", [OURS, f"{OURS}:443", "https://HEALTH.example.com", APP])
def test_our_own_pages_and_those_that_were_allowed_may_come(origin: str) -> None:
    assert read(origin=origin, cookie="sessionid=abc").proof is Proof.SESSION


@pytest.mark.parametrize(
    "origin",
    [
        "http://health.example.com",
        "https://health.example.com:8443",
        "https://www.health.example.com",
        "https://health.example.com.evil.example",
        "https://evil.example",
        "https://health.example.com@evil.example",
        "http://localhost:3001",
        "http://localhost",
        "https://[::1",
        "https://health.example.com:x",
        "file://",
        "null",
        "",
    ],
)
def test_a_page_of_any_other_scheme_host_or_port_may_not(origin: str) -> None:
    with pytest.raises(Refused):
        read(origin=origin, cookie="sessionid=abc", subprotocols=["bearer", JWT])


def test_two_origins_are_none() -> None:
    twice = [(b"origin", OURS.encode())] * 2

    with pytest.raises(Refused):
        read(headers=[*twice, (b"cookie", b"sessionid=abc")])


def test_without_an_origin_no_cookie_counts() -> None:
    with pytest.raises(Refused):
        read(origin=None, cookie="sessionid=abc")


def test_a_program_without_an_origin_comes_with_a_token_or_a_ticket() -> None:
    token = read(origin=None, subprotocols=["bearer", JWT])
    ticket = read(origin=None, query_string=b"ticket=once")

    assert (token.proof, token.secret, token.subprotocol) == (Proof.TOKEN, JWT, "bearer")
    assert (ticket.proof, ticket.secret, ticket.subprotocol) == (Proof.TICKET, "once", None)


@pytest.mark.parametrize("name", ["token", "ticket", "access_token", "x"])
def test_a_token_in_the_address_is_refused_whatever_else_is_shown(name: str) -> None:
    with pytest.raises(Refused):
        read(query_string=f"{name}={JWT}".encode(), cookie="sessionid=abc")


@pytest.mark.parametrize("subprotocols", [["bearer"], ["bearer", "a", "b"], ["bearer", "bearer"]])
def test_bearer_comes_with_one_token(subprotocols: list[str]) -> None:
    with pytest.raises(Refused):
        read(subprotocols=subprotocols, cookie="sessionid=abc")


@pytest.mark.parametrize("cookie", [None, "", "theme=dark", "sessionid=", "sessionid"])
def test_nothing_is_no_proof(cookie: str | None) -> None:
    with pytest.raises(Refused):
        read(cookie=cookie)


def test_no_secret_shows_in_a_claim() -> None:
    assert JWT not in repr(read(subprotocols=["bearer", JWT]))
