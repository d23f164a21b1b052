"""The product itself behind a real server, in a thread of the test."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.db import connections

from config.asgi import application
from tests.contract.serving import served


@contextmanager
def our_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Yield a client of the product, which is served until the block ends.

    Like `web` it keeps no connection to the database between two requests.
    """
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    limits = httpx.Limits(max_connections=None)
    with (
        served(application) as url,
        httpx.Client(base_url=url, timeout=30, trust_env=False, limits=limits) as client,
    ):
        yield client
