"""Connections are kept, shared and lost without anybody noticing."""

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Failure
from integrations_health.providers.http import Reply
from tests.integration.posting import NOT_FOUND, asking, post
from tests.integration.wire_server import OK, Peer, always_ok, serving

pytestmark = pytest.mark.asyncio


async def answer_once(peer: Peer) -> None:
    """Keep the connection open after an answer, and close it when the next request comes."""
    await peer.request()
    await peer.say(OK)
    await peer.request()


async def test_connections_are_kept() -> None:
    async with serving(always_ok) as server, asking() as client:
        heard = [await post(client, server.url) for _ in range(5)]

    assert all(isinstance(reply, Reply) for reply in heard)
    assert server.connections == 1


async def test_no_more_connections_are_made_than_there_are_places() -> None:
    async with serving(always_ok) as server, asking(concurrency=3) as client:
        await asyncio.gather(*(post(client, server.url) for _ in range(30)))

    assert 1 <= server.connections <= 3


async def test_idle_connections_to_many_servers_do_not_pile_up() -> None:
    async with AsyncExitStack() as stack, asking(concurrency=3) as client:
        servers = [await stack.enter_async_context(serving(always_ok)) for _ in range(20)]

        heard = [await post(client, server.url) for server in servers]

        assert all(isinstance(reply, Reply) for reply in heard)
        async with asyncio.timeout(2):
            # Until the servers have seen that we left, which nobody tells us.
            while sum(server.open for server in servers) > 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_kept_connection_that_the_other_side_closed_is_no_failure() -> None:
    async with serving(answer_once) as server, asking() as client:
        heard = [await post(client, server.url) for _ in range(3)]

    assert all(isinstance(reply, Reply) for reply in heard), heard


async def test_many_kept_connections_closed_at_once_are_no_failure() -> None:
    async with serving(answer_once) as server, asking() as client:
        for _ in range(3):
            heard = await asyncio.gather(*(post(client, server.url) for _ in range(10)))

            assert all(isinstance(reply, Reply) for reply in heard), heard


async def test_a_request_goes_out_twice_at_most() -> None:
    async def answer_the_first(peer: Peer) -> None:
        await peer.request()
        if len(server.requests) == 1:
            await peer.say(OK)
            await peer.request()

    async with serving(answer_the_first) as server, asking() as client:
        first = await post(client, server.url)
        second = await post(client, server.url)

    assert isinstance(first, Reply)
    assert isinstance(second, Failure)
    assert (second.outcome, second.is_connection_level) == (Outcome.UNREACHABLE, True)
    assert len(server.requests) == 3


async def test_a_new_connection_that_is_closed_is_not_tried_again() -> None:
    async def hang_up(peer: Peer) -> None:
        await peer.request()

    async with serving(hang_up) as server, asking() as client:
        heard = await post(client, server.url)

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.UNREACHABLE, True)
    assert heard.call.http_status is None
    assert len(server.requests) == 1


async def test_the_time_a_connection_takes_is_no_latency() -> None:
    async def answer_late(peer: Peer) -> None:
        await asyncio.sleep(0.2)
        await always_ok(peer)

    async with serving(answer_late) as server, asking() as client:
        first, second = [await post(client, server.url) for _ in range(2)]

    assert first.call.latency_ms is not None
    assert first.call.latency_ms >= 190  # the server's own slowness is
    assert second.call.latency_ms is not None
    assert second.call.latency_ms < 150


async def test_nothing_of_a_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async with serving(always_ok) as server, asking() as client:
        await post(client, f"{server.url}secret-path?key=secret-query")
        await post(client, NOT_FOUND + "secret-path")

    assert "secret" not in caplog.text


async def test_no_cookie_is_kept() -> None:
    async def hand_out_cookies(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(OK.replace(b"\r\n", b"\r\nset-cookie: a=secret; Path=/\r\n", 1))

    async with serving(hand_out_cookies) as server, asking() as client:
        for _ in range(2):
            await post(client, server.url)

    assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")

    async with serving(always_ok) as server, asking() as client:
        heard = await post(client, server.url)

    assert isinstance(heard, Reply)
