"""Send requests over real connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from integrations_health.providers import http
from integrations_health.providers.base import Failure
from integrations_health.providers.http import Reply
from tests.unit.asking import Gatekeeper

NOT_FOUND = "https://no-such-host.invalid/"


@asynccontextmanager
async def asking(*, deadline: float = 5, concurrency: int = 10) -> AsyncIterator[http.Client]:
    """Yield a client with connections of its own."""
    client = http.Client(concurrency=concurrency, deadline=timedelta(seconds=deadline))
    try:
        yield client
    finally:
        await client.aclose()


async def post(client: http.Client, url: str) -> Reply | Failure:
    """Post something to `url`."""
    request = http.request(
        "POST", httpx.URL(url), headers=http.raw(http.HEADERS), content=b'{"a":1}'
    )
    return await client.send(request, name="things", gate=Gatekeeper())
