"""Keep connections open to a provider, and know of each request when it got its own."""

import ssl
import time
from contextvars import ContextVar
from functools import cache
from typing import Any

import aiohttp
import certifi
import httpx
from aiohttp.abc import ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from httpx_aiohttp import AiohttpTransport

from integrations_health import addresses

KEPT_FOR_SECONDS = 15
# Everything that can come out of a request instead of an answer.
ERRORS = (httpx.TransportError, aiohttp.ClientError, OSError, UnicodeError)


class Trip:
    """One request's way out: when it got its connection (monotonic), and whether a new one."""

    __slots__ = ("connected_at", "is_fresh")

    def __init__(self) -> None:
        self.connected_at: float | None = None
        self.is_fresh = False


_trip: ContextVar[Trip] = ContextVar("trip")


class _Connector(aiohttp.TCPConnector):
    """Notes the instant at which a request has its connection: the wait before it is ours.

    With `is_public_only` it connects to public addresses alone. The very addresses are looked at
    that would be connected to, so that a name may not mean one thing now and another then.
    """

    def __init__(self, *, is_public_only: bool, **options: Any) -> None:
        super().__init__(**options)
        self._is_public_only = is_public_only

    async def _resolve_host(self, host: str, *args: Any, **named: Any) -> list[ResolveResult]:
        found = await super()._resolve_host(host, *args, **named)
        if not self._is_public_only:
            return found
        public = [one for one in found if addresses.is_public(one["host"])]
        if not public:
            raise aiohttp.InvalidUrlClientError(host, "has no public address")
        return public

    async def connect(self, *args: Any, **named: Any) -> Connection:
        connection = await super().connect(*args, **named)
        _trip.get().connected_at = time.monotonic()
        return connection

    async def _create_connection(self, *args: Any, **named: Any) -> ResponseHandler:
        _trip.get().is_fresh = True
        return await super()._create_connection(*args, **named)

    def _release(self, *args: Any, should_close: bool = False) -> None:
        # aiohttp bounds what is in use, not what is idle: with a server of its own for each
        # integration, the idle ones would use up this process's sockets.
        is_full = len(self._conns) >= self.limit
        super()._release(*args, should_close=should_close or is_full)


class Connections:
    """The connections of one provider. A given `transport` takes their place in tests."""

    def __init__(
        self,
        *,
        most: int,
        is_public_only: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._most = most
        self._is_public_only = is_public_only
        self._kept = transport
        self._fresh = transport

    async def ask(self, request: httpx.Request, trip: Trip) -> httpx.Response:
        """Send `request` and return its answer, the body unread. Raises one of ERRORS.

        A kept connection may have been closed by the other side just when we used it. That says
        nothing of the provider, so the request goes out once more, on a connection of its own.
        Probes only read: asking twice changes nothing.
        """
        if self._kept is None:
            self._kept = self._transport()
        _trip.set(trip)
        try:
            return await self._kept.handle_async_request(request)
        except ERRORS as error:
            if trip.connected_at is None or trip.is_fresh or not _lost(error):
                raise
        if self._fresh is None:
            self._fresh = self._transport(force_close=True)
        return await self._fresh.handle_async_request(request)

    async def aclose(self) -> None:
        """Close every connection."""
        kept, fresh, self._kept, self._fresh = self._kept, self._fresh, None, None
        for transport in (kept, fresh):
            if transport is not None:
                await transport.aclose()

    def _transport(self, **options: Any) -> AiohttpTransport:
        if not options:
            options = {"keepalive_timeout": KEPT_FOR_SECONDS}
        connector = _Connector(
            is_public_only=self._is_public_only, limit=self._most, ssl=_tls(), **options
        )
        session = aiohttp.ClientSession(
            connector=connector,
            # No cookies, no proxies or passwords from the environment or ~/.netrc, no decompression
            # without bounds. Redirects are never followed: the transport sees to that.
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )
        return AiohttpTransport(client=session, verify=_tls())


def cause(error: BaseException) -> BaseException:
    """Return what really happened: the transport calls every lost connection a connect timeout."""
    return error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error


def _lost(error: BaseException) -> bool:
    lost = cause(error)
    return isinstance(lost, aiohttp.ClientConnectionError) and not isinstance(lost, TimeoutError)


@cache
def _tls() -> ssl.SSLContext:
    """Return the one TLS context: building one takes 36 ms. It trusts the system and certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
