"""A walk through a provider's list goes no faster than it is written down, and always ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from integrations_health import network
from integrations_health.discovery import CHUNK, Walk
from integrations_health.providers.base import Connection, Failure, Gate
from integrations_health.providers.mcp import Mcp


class Endless(Mcp):
    """A provider whose list has no end, or ends with a bug after so many connections."""

    def __init__(self, *, ends_after: int | None = None) -> None:
        super().__init__(base_url="", api_key="", concurrency=1, deadline=timedelta(seconds=1))
        self.listed = 0
        self.is_over = asyncio.Event()
        self._ends_after = ends_after

    async def discover(self, *, gate: Gate) -> AsyncIterator[Connection | Failure]:
        try:
            while True:
                if self.listed == self._ends_after:
                    raise ZeroDivisionError
                await gate()
                self.listed += 1
                yield Connection(
                    provider="mcp",
                    service="gmail",
                    server_instance_id=f"server-{self.listed}",
                    provider_user_id="alice",
                )
        finally:
            self.is_over.set()


@pytest.fixture(autouse=True)
def closed_network() -> Iterator[None]:
    yield
    network.close()


def test_a_bug_in_the_middle_of_a_list_is_heard_after_what_came_before() -> None:
    chunks = Walk(Endless(ends_after=CHUNK + 5), timedelta()).chunks()

    assert [len(next(chunks)), len(next(chunks))] == [CHUNK, 5]
    with pytest.raises(ZeroDivisionError):
        next(chunks)


def test_a_list_is_read_no_faster_than_it_is_taken() -> None:
    provider = Endless()
    chunks = Walk(provider, timedelta()).chunks()

    for taken in (1, 2, 3):
        assert len(next(chunks)) == CHUNK
        assert provider.listed <= (taken + 2) * CHUNK
    chunks.close()


def test_who_stops_early_stops_the_provider_too() -> None:
    provider = Endless()
    chunks = Walk(provider, timedelta()).chunks()
    next(chunks)

    chunks.close()

    network.run(asyncio.wait_for(provider.is_over.wait(), timeout=5))
