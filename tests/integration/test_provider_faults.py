"""Whatever a provider's side of the wire does, a call ends in time, in bounds and with a word."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.probes import probe_for
from integrations_health.providers.base import Failure, Provider, ServerStatus, ToolAnswer
from integrations_health.providers.composio import Composio
from integrations_health.providers.klavis import Klavis
from integrations_health.providers.mcp import Mcp
from integrations_health.providers.simulator import Account, Simulator, running
from tests.integration.wire_server import Peer, always_ok, serving
from tests.unit.asking import Gatekeeper
from tests.unit.targets import target

pytestmark = pytest.mark.asyncio
PROVIDERS: dict[str, Callable[..., Provider]] = {
    "composio": Composio,
    "klavis": Klavis,
    "mcp": partial(Mcp, is_private_allowed=True),
}
DEADLINE_SECONDS = 2
MOST_MEMORY = 20 * 1024 * 1024


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


@pytest_asyncio.fixture(params=PROVIDERS)
async def provider(request: pytest.FixtureRequest, simulator: Simulator) -> AsyncIterator[Provider]:
    """Yield each provider in turn, connected to the simulator."""
    made: Provider = PROVIDERS[request.param](
        base_url=simulator.base_url,
        api_key=simulator.api_key,
        concurrency=10,
        deadline=timedelta(seconds=DEADLINE_SECONDS),
    )
    yield made
    await made.aclose()


def watched(simulator: Simulator, account: Account) -> CheckTarget:
    url = simulator.server_url(account) if account.provider != "composio" else ""
    return target(
        provider=account.provider,
        server_instance_id=account.id,
        provider_user_id=account.user_id,
        server_url=url,
    )


async def probe(simulator: Simulator, provider: Provider, script: str) -> ToolAnswer | Failure:
    asked = watched(simulator, simulator.connect(provider.name, "gmail", script=script))
    chosen = probe_for(asked)
    assert chosen is not None
    return await provider.call_tool(
        asked,
        tool=chosen.tool,
        arguments=chosen.arguments,
        request_id=UUID(int=1),
        gate=Gatekeeper(),
    )


async def status(simulator: Simulator, provider: Provider, script: str) -> ServerStatus | Failure:
    account = simulator.connect(provider.name, "gmail")
    simulator.script(account, script, on="status")
    return await provider.get_server_status(watched(simulator, account), gate=Gatekeeper())


async def test_what_works_works(simulator: Simulator, provider: Provider) -> None:
    answer = await probe(simulator, provider, "ok")

    assert isinstance(answer, ToolAnswer), answer
    assert answer.is_successful


@pytest.mark.parametrize("script", ["drip(0.05)", "drip(5)", "hang"])
async def test_a_drip_and_a_silence_end_at_the_deadline(
    simulator: Simulator, provider: Provider, script: str
) -> None:
    began = time.monotonic()

    answer = await probe(simulator, provider, script)

    assert isinstance(answer, Failure), answer
    assert answer.outcome is Outcome.TIMEOUT
    assert abs(time.monotonic() - began - DEADLINE_SECONDS) < 0.5


@pytest.mark.parametrize(
    "script",
    ["malformed", "html", "empty", "invalid_utf8", "deep", "huge_integer", "nan", "wrong_type",
     "huge", "gzip_bomb", "endless", "big_header", "truncated", "redirect"],
)  # fmt: skip
async def test_nonsense_is_a_bad_response(
    simulator: Simulator, provider: Provider, script: str
) -> None:
    answer = await probe(simulator, provider, script)

    assert isinstance(answer, Failure), answer
    assert answer.outcome is Outcome.BAD_RESPONSE
    assert not answer.is_connection_level


@pytest.mark.parametrize(
    ("script", "wait"),
    [
        ("429(120)", timedelta(seconds=120)),
        ("429(-5)", timedelta(seconds=-5)),
        ("429(soon)", None),
        ("429(none)", None),
        ("429(315360000000)", timedelta(days=3650)),
    ],
)
async def test_a_provider_says_how_long_to_wait(
    simulator: Simulator, provider: Provider, script: str, wait: timedelta | None
) -> None:
    answer = await probe(simulator, provider, script)

    assert isinstance(answer, Failure), answer
    assert (answer.outcome, answer.retry_after) == (Outcome.RATE_LIMITED, wait)


@pytest.mark.parametrize("script", ["500", "502", "503", "408"])
async def test_an_error_of_the_provider_is_its_own(
    simulator: Simulator, provider: Provider, script: str
) -> None:
    answer = await probe(simulator, provider, script)

    assert isinstance(answer, Failure), answer
    assert answer.outcome is Outcome.SERVER_ERROR
    assert answer.call.http_status == int(script)


async def test_a_cut_connection_is_no_answer(simulator: Simulator, provider: Provider) -> None:
    answer = await probe(simulator, provider, "disconnect")

    assert isinstance(answer, Failure), answer
    assert (answer.outcome, answer.is_connection_level) == (Outcome.UNREACHABLE, True)


async def test_a_redirect_leads_nobody_anywhere(simulator: Simulator, provider: Provider) -> None:
    async with serving(always_ok) as sink:
        answer = await probe(simulator, provider, f"redirect({sink.url})")
        read = await status(simulator, provider, f"redirect({sink.url})")

    assert isinstance(answer, Failure), answer
    assert answer.outcome is Outcome.BAD_RESPONSE
    assert provider.name == "mcp" or isinstance(read, Failure)
    assert sink.connections == 0


def _forget_memory_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory_peak() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    pytest.skip("this system does not tell how much memory was used at most")


@pytest.mark.parametrize("script", ["huge", "gzip_bomb", "endless", "big_header"])
async def test_what_is_larger_than_allowed_never_reaches_our_memory(
    simulator: Simulator, provider: Provider, script: str
) -> None:
    await probe(simulator, provider, "ok")
    # The simulator makes its large answers in this process: once, before we measure.
    await probe(simulator, provider, script)
    _forget_memory_peak()
    before = _memory_peak()

    await asyncio.gather(*(probe(simulator, provider, script) for _ in range(5)))

    assert _memory_peak() - before < MOST_MEMORY


@given(
    body=st.binary(max_size=300), kind=st.sampled_from(["application/json", "text/event-stream"])
)
async def test_any_bytes_on_the_wire_end_in_an_answer(body: bytes, kind: str) -> None:
    async def say(peer: Peer) -> None:
        while True:
            await peer.request()
            head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
            await peer.say(head.encode() + body)

    async with serving(say) as server:
        for make in PROVIDERS.values():
            provider: Provider = make(
                base_url=server.url,
                api_key="key",
                concurrency=2,
                deadline=timedelta(seconds=DEADLINE_SECONDS),
            )
            asked = target(provider_user_id="user-1", server_url=server.url)
            heard = [
                await provider.get_server_status(asked, gate=Gatekeeper()),
                *(await provider.list_server_statuses([asked], gate=Gatekeeper())).values(),
                await provider.call_tool(
                    asked, tool="X", arguments={}, request_id=UUID(int=1), gate=Gatekeeper()
                ),
            ]
            await provider.aclose()

            assert all(isinstance(word, ServerStatus | ToolAnswer | Failure) for word in heard)
