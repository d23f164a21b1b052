"""A provider's JSON API: its address, our headers on every request, GET and POST."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import msgspec

from integrations_health.providers import bodies, http
from integrations_health.providers.base import Failure, Gate, RateLimit

_MOST_ADDRESSES = 1_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_PLAIN = re.compile(r"[A-Za-z0-9_.~=&,-]*")


class JsonApi:
    """One API under one address. Paths begin with a slash and are encoded already."""

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str],
        concurrency: int,
        deadline: timedelta,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.deadline = deadline
        self._base = base_url.rstrip("/")
        self._headers = http.raw({**http.HEADERS, "accept": "application/json", **headers})
        self._with_body = [*self._headers, (b"content-type", b"application/json")]
        self._addresses: dict[str, httpx.URL] = {}
        self._client = http.Client(concurrency=concurrency, deadline=deadline, transport=transport)

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest rate-limit headers said."""
        return self._client.rate_limit

    async def get(
        self, path: str, *, name: str, gate: Gate, most: int = bodies.MOST
    ) -> http.Reply | Failure:
        """Read `path`. Raises NoBudget."""
        return await self._get(httpx.URL(self._base + path), name=name, gate=gate, most=most)

    async def get_page(
        self, path: str, query: Mapping[str, str], *, name: str, gate: Gate, most: int
    ) -> http.Reply | Failure:
        """Read the page of the list at `path` that `query` asks for. Raises NoBudget."""
        # A hundred encoded commas double the time that it takes to read the address.
        asked = urlencode(query, safe=",")
        address = (
            http.Address(self._address(path), asked)
            if _PLAIN.fullmatch(asked)
            else httpx.URL(f"{self._base}{path}?{asked}")
        )
        return await self._get(address, name=name, gate=gate, most=most)

    async def _get(
        self, address: httpx.URL, *, name: str, gate: Gate, most: int
    ) -> http.Reply | Failure:
        request = http.request("GET", address, headers=self._headers)
        return await self._client.send(request, name=name, gate=gate, most=most)

    async def post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        name: str,
        gate: Gate,
        request_id: UUID | None = None,
    ) -> http.Reply | Failure:
        """Post `body` as JSON to `path`. Raises NoBudget."""
        headers = self._with_body
        if request_id is not None:
            headers = [*headers, (b"x-request-id", str(request_id).encode())]
        content = msgspec.json.encode(body, enc_hook=_plain)
        request = http.request("POST", self._address(path), headers=headers, content=content)
        return await self._client.send(request, name=name, gate=gate)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _address(self, path: str) -> httpx.URL:
        # These are few, asked all the time: to read one anew costs 10 µs.
        address = self._addresses.get(path)
        if address is None:
            address = httpx.URL(self._base + path)
            if len(self._addresses) < _MOST_ADDRESSES:
                self._addresses[path] = address
        return address


def is_id(text: str) -> bool:
    """Say whether `text` can be an id: nothing that would change a path or a list of ids."""
    return _ID.fullmatch(text) is not None


def _plain(value: object) -> str:
    """Return the text in a kind of text: a stored secret is one that does not show itself."""
    if isinstance(value, str):
        return str(value)
    # What msgspec asks such a hook to raise.
    raise NotImplementedError(f"{type(value).__name__} is no JSON")
