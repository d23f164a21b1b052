"""A provider simulator of its own for each test, and clients that hold it to the documents."""

from collections.abc import Iterator

import httpx
import pytest

from integrations_health.providers.simulator import Simulator, running
from tests.contract.published import assert_kept


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Yield a simulator that listens on a free port and knows nobody yet."""
    with running() as simulator:
        yield simulator


@pytest.fixture
def composio(simulator: Simulator) -> Iterator[httpx.Client]:
    """Yield a client with Composio's key; each answer is held against Composio's document."""
    with _client(simulator, {"x-api-key": simulator.api_key}) as client:
        yield client


@pytest.fixture
def klavis(simulator: Simulator) -> Iterator[httpx.Client]:
    """Yield a client with Klavis's key; each answer is held against Klavis's document."""
    with _client(simulator, {"authorization": f"Bearer {simulator.api_key}"}) as client:
        yield client


@pytest.fixture
def browser(simulator: Simulator) -> Iterator[httpx.Client]:
    """Yield a client without any key."""
    with httpx.Client(base_url=simulator.base_url) as client:
        yield client


def _client(simulator: Simulator, headers: dict[str, str]) -> httpx.Client:
    return httpx.Client(
        base_url=simulator.base_url, headers=headers, event_hooks={"response": [assert_kept]}
    )
