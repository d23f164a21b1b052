"""A plain MCP server that a caller chose is never one in our own network, unless that is wanted."""

import socket

import pytest
import pytest_asyncio

from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Failure, ServerStatus
from integrations_health.providers.mcp import Mcp
from integrations_health.providers.simulator import Simulator
from tests.unit.asking import OPTIONS, Gatekeeper
from tests.unit.targets import target


@pytest_asyncio.fixture
async def mcp():
    provider = Mcp(**OPTIONS)
    yield provider
    await provider.aclose()


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]"])
async def test_a_server_on_this_machine_is_not_reached(
    host: str, mcp: Mcp, simulator: Simulator
) -> None:
    port = simulator.base_url.rpartition(":")[2]

    heard = await mcp.get_server_status(
        target(provider="mcp", server_url=f"http://{host}:{port}/mcp/a"), gate=Gatekeeper()
    )

    assert isinstance(heard, Failure)
    assert heard.outcome is Outcome.PROBE_MISCONFIGURED
    assert not simulator.calls()


@pytest.mark.asyncio
async def test_a_name_is_judged_by_the_very_address_that_would_be_connected_to(
    mcp: Mcp, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(simulator.base_url.rpartition(":")[2])
    here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
    # The resolver of somebody who owns the name: public when it was registered, and now not.
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [here])

    heard = await mcp.get_server_status(
        target(provider="mcp", server_url=f"http://rebound.example.com:{port}/mcp/a"),
        gate=Gatekeeper(),
    )

    assert isinstance(heard, Failure)
    assert heard.outcome is Outcome.PROBE_MISCONFIGURED
    assert not simulator.calls()


@pytest.mark.asyncio
async def test_who_runs_us_may_allow_it(simulator: Simulator) -> None:
    account = simulator.connect("mcp", "gmail", user_id="alice")
    provider = Mcp(**OPTIONS, is_private_allowed=True)

    heard = await provider.get_server_status(
        target(provider="mcp", server_url=simulator.server_url(account)), gate=Gatekeeper()
    )
    await provider.aclose()

    assert isinstance(heard, ServerStatus)
