"""What cannot be reached, or talks nonsense, is told apart from what is slow or ours."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Failure
from tests import certificates
from tests.integration.posting import NOT_FOUND, asking, post
from tests.integration.wire_server import Peer, always_ok, serving

pytestmark = pytest.mark.asyncio


async def test_an_answer_that_breaks_off_is_a_bad_one() -> None:
    async def break_off(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")

    async with serving(break_off) as server, asking() as client:
        heard = await post(client, server.url)

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.BAD_RESPONSE, False)
    assert heard.call.http_status == 200


@pytest.mark.parametrize(
    "nonsense",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000 + b"\r\n",
    ],
    ids=["SSH", "status", "length", "chunks", "one long header", "many headers"],
)
async def test_what_is_no_http_is_a_bad_answer(nonsense: bytes) -> None:
    async def talk_nonsense(peer: Peer) -> None:
        await peer.request()
        await peer.say(nonsense)

    async with serving(talk_nonsense) as server, asking() as client:
        heard = await post(client, server.url)

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.BAD_RESPONSE, False)


async def test_silence_after_a_connection_was_made_is_not_our_network() -> None:
    async def be_silent(peer: Peer) -> None:
        await peer.request()
        await asyncio.Event().wait()

    async with serving(be_silent) as server, asking(deadline=0.3) as client:
        heard = await post(client, server.url)

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.TIMEOUT, False)


async def test_a_connection_that_is_never_made_may_be_our_network() -> None:
    with socket.socket() as full, socket.socket() as last:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        last.connect(full.getsockname())  # the one that fits into the queue
        async with asking(deadline=0.3) as client:
            heard = await post(client, f"http://127.0.0.1:{full.getsockname()[1]}/")

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.TIMEOUT, True)


async def test_a_refused_connection_and_an_unknown_name_may_be_our_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    async with asking() as client:
        heard = [await post(client, url) for url in (nobody, NOT_FOUND)]

    assert [
        (failure.outcome, failure.is_connection_level)
        for failure in heard
        if isinstance(failure, Failure)
    ] == [(Outcome.UNREACHABLE, True)] * 2


@pytest.mark.parametrize("url", ["http://a..b/", f"http://{'x' * 70}.example/"])
async def test_an_address_that_no_network_could_reach_is_our_mistake(url: str) -> None:
    async with asking() as client:
        heard = await post(client, url)

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.PROBE_MISCONFIGURED, False)


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """Return the context of a server that vouches for itself."""
    return certificates.self_signed(tmp_path, called="127.0.0.1")[0]


async def test_a_certificate_nobody_vouches_for_is_not_accepted(
    self_signed: ssl.SSLContext,
) -> None:
    async with serving(always_ok, tls=self_signed) as server, asking() as client:
        heard = await post(client, server.url)

    assert isinstance(heard, Failure)
    assert (heard.outcome, heard.is_connection_level) == (Outcome.UNREACHABLE, True)
    assert server.requests == []
