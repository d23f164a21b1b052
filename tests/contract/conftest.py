"""A provider simulator of its own for each test."""

from collections.abc import Iterator

import pytest

from integrations_health.providers.simulator import Simulator, running


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """Yield a simulator that listens on a free port and knows nobody yet."""
    with running() as simulator:
        yield simulator
