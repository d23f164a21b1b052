"""Connect to the address that was checked, and to no other.

A name is resolved once per request, all that it stands for is checked, and the connection is opened
to the number: a second answer of a resolver that changes its mind is never asked for. The name
stays in the Host header and in TLS.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import lru_cache
from ssl import SSLContext
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from integrations_health import addresses

PORTS = (443, 8443)
# A name with more addresses than these has not one that answers in time.
MOST_ADDRESSES = 4

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Refused(Exception):
    """The address is one to which nothing is sent. The reason names no part of it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def require_sendable(url: str, *, hosts: Collection[str] = ()) -> None:
    """Raise Refused unless `url` may be an address of a destination, as far as nobody is asked.

    With `hosts`, its host must be one of them. A host of DELIVERY_TRUSTED_HOSTS may be anything.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("is not an address: type one such as https://host/path") from None
    if parts.scheme not in {"http", "https"} or not host or any(c <= " " for c in url):
        raise Refused("is not an address: type one such as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise Refused("holds a user name or a password: remove what stands before the @")
    if is_trusted(host, port or (443 if parts.scheme == "https" else 80)):
        return
    if parts.scheme != "https":
        raise Refused("is not encrypted: type https:// instead of http://")
    if port not in (None, *PORTS):
        raise Refused("names a port other than 443 and 8443: use one of these")
    if hosts and host not in hosts:
        raise Refused(f"is not at {' or '.join(hosts)}: copy it again")
    if addresses.is_odd_number(host) or (_is_number(host) and not addresses.is_public(host)):
        raise Refused("is inside a private network: type the address of a public server")


def is_trusted(host: str, port: int) -> bool:
    """Say whether the operator named this host and port as one inside their own network."""
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port}" in settings.DELIVERY_TRUSTED_HOSTS


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses of a name, in the order in which they should be tried."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PinnedTransport(httpx.AsyncBaseTransport):
    """Sends each request to an address that was checked for it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, resolve: Resolve = resolve) -> None:
        """Send through `inner`, which is only ever given numbers."""
        self._inner = inner
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it to the first address that can be reached. Raises Refused, httpx.HTTPError."""
        host = request.url.raw_host.decode("ascii").rstrip(".")
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            found = await self._resolve(host, port)
        except OSError:
            raise httpx.ConnectError("The name is not known.") from None
        if not is_trusted(host, port) and not all(map(addresses.is_public, found)):
            raise Refused("is inside a private network: type the address of a public server")
        if not found:
            raise httpx.ConnectError("The name has no address.")
        for address in found[:MOST_ADDRESSES]:
            try:
                return await self._send(request, host, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed

    async def _send(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # with the name as Host
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def client(*, resolve: Resolve = resolve, tls: SSLContext | None = None) -> httpx.AsyncClient:
    """Return a client that reaches public addresses only, follows nothing and uses no proxy."""
    inner = httpx.AsyncHTTPTransport(verify=tls or _tls(), trust_env=False, retries=0)
    return httpx.AsyncClient(
        transport=PinnedTransport(inner, resolve=resolve),
        follow_redirects=False,
        trust_env=False,
        # So short that another address of the name still gets its turn.
        timeout=httpx.Timeout(10.0, connect=4.0),
        headers={"user-agent": "integration-health", "accept-encoding": "identity"},
    )


@lru_cache(maxsize=1)
def _tls() -> SSLContext:
    # 36 ms to build.
    return httpx.create_ssl_context(trust_env=False)


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()
