"""Send one request to a provider, and turn whatever comes back into a Reply or a Failure."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import aiohttp
import httpx

from integrations_health.outcomes import Outcome
from integrations_health.providers import bodies, limits
from integrations_health.providers.base import Call, Failure, Gate, RateLimit
from integrations_health.providers.connections import ERRORS, Connections, Trip, cause

# What every request says. A compressed answer would only be larger than it looks.
HEADERS = {"accept-encoding": "identity", "user-agent": "integration-health"}

_OPENING = 4_000
_UNUSABLE = (aiohttp.ClientPayloadError, aiohttp.ClientResponseError, httpx.ProtocolError)


class Reply(NamedTuple):
    """An HTTP answer below 500 that was read whole: neither a redirect nor a refusal to listen."""

    status: int
    headers: httpx.Headers
    body: bytes
    call: Call


class Client:
    """One provider's HTTP: its connections, its places, its deadline, its newest budget."""

    def __init__(
        self,
        *,
        concurrency: int,
        deadline: timedelta,
        is_public_only: bool = False,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._told: httpx.Headers | None = None
        self._connections = Connections(
            most=concurrency, is_public_only=is_public_only, transport=transport
        )
        self._places = asyncio.Semaphore(concurrency)
        self._deadline = deadline.total_seconds()

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the newest rate-limit headers said, None before the first or where they are odd."""
        return None if self._told is None else limits.rate_limit(self._told)

    async def send(
        self,
        request: httpx.Request,
        *,
        name: str,
        gate: Gate,
        most: int = bodies.MOST,
        is_whole: Callable[[bytearray], bool] | None = None,
    ) -> Reply | Failure:
        """Ask once, within the deadline and `most` bytes of answer. Raises NoBudget.

        `name` is the call's name for people. `is_whole` ends the reading of a stream early. The
        wait for the gate and for a place counts neither as latency nor against the deadline.
        """
        await gate()
        async with self._places:
            trip = Trip()
            response: httpx.Response | None = None
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._deadline):
                    response = await self._connections.ask(request, trip)
                    try:
                        body = await bodies.read(response, most=most, is_whole=is_whole)
                    finally:
                        await response.stream.aclose()  # type: ignore[union-attr]  # async it is
            except TimeoutError:
                return _timeout(name, response, trip)
            except bodies.Unreadable as error:
                return bad_response(_broken(name, response), str(error))
            except ERRORS as error:
                return _failure(name, response, cause(error))
        ended = time.monotonic()
        call = Call(name, response.status_code, round((ended - (trip.connected_at or began)) * 1e3))
        if "x-ratelimit-remaining" in response.headers:
            self._told = response.headers
        refusal = _refusal(response.status_code)
        if refusal is None:
            return Reply(response.status_code, response.headers, body, call)
        said = response.headers.get("retry-after")
        wait = (
            None if said is None else limits.retry_after(said, now=limits.sent_at(response.headers))
        )
        return Failure(outcome=refusal, call=call, detail=opening(body), retry_after=wait)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connections.aclose()


class Address(httpx.URL):
    """An address that is known, with a query of letters, digits and `-_.~=&,` only.

    httpx reads an address letter by letter: for a hundred ids that takes 80 µs, a fifth of what it
    takes to ask for them.
    """

    def __init__(self, known: httpx.URL, query: str) -> None:
        """Put the query, as it goes over the wire, behind what is known."""
        self._uri_reference = known._uri_reference._replace(query=query)


def raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as they go over the wire."""
    return [(name.encode("ascii"), value.encode()) for name, value in headers.items()]


def request(
    method: str, url: httpx.URL, *, headers: list[tuple[bytes, bytes]], content: bytes = b""
) -> httpx.Request:
    """Make a request that sends exactly `headers`, Host and Content-Length added on the way."""
    # Request(content=...) would spend 10 µs to work out headers that the transport sets anyway.
    made = httpx.Request(method, url, headers=headers, stream=httpx.ByteStream(content))
    made.headers.encoding = "utf-8"  # or it is guessed anew with each header that is read
    made.read()
    return made


def object_in(reply: Reply) -> dict[str, Any] | Failure:
    """Return the JSON object in an answer."""
    try:
        value = bodies.parsed(reply.body)
    except bodies.Unreadable as error:
        return bad_response(reply.call, str(error))
    return value if isinstance(value, dict) else bad_response(reply.call, "it is no JSON object")


def opening(body: bytes) -> str:
    """Return the first words of a body: a batch may hold a large error page for each target."""
    return body[:_OPENING].decode("utf-8", errors="replace")


def bad_response(call: Call, detail: str) -> Failure:
    """Return the failure of an answer that cannot be understood."""
    return Failure(outcome=Outcome.BAD_RESPONSE, call=call, detail=detail)


def _refusal(status: int) -> Outcome | None:
    if status < 300 or (400 <= status < 500 and status not in (408, 429)):
        return None
    if status == 429:
        return Outcome.RATE_LIMITED
    return Outcome.SERVER_ERROR if status >= 500 or status == 408 else Outcome.BAD_RESPONSE


def _timeout(name: str, response: httpx.Response | None, trip: Trip) -> Failure:
    # A connection that was made in this very call proves that our network works.
    is_silent = response is None and not (trip.is_fresh and trip.connected_at is not None)
    return Failure(
        outcome=Outcome.TIMEOUT, call=_broken(name, response), is_connection_level=is_silent
    )


def _failure(name: str, response: httpx.Response | None, error: BaseException) -> Failure:
    detail = f"{type(error).__name__}: {error}"
    if response is not None or isinstance(error, _UNUSABLE):
        return bad_response(_broken(name, response), detail)
    if isinstance(error, aiohttp.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        # An address of ours that no network could reach.
        return Failure(outcome=Outcome.PROBE_MISCONFIGURED, call=Call(name), detail=detail)
    is_late = isinstance(error, TimeoutError | httpx.TimeoutException)
    return Failure(
        outcome=Outcome.TIMEOUT if is_late else Outcome.UNREACHABLE,
        call=Call(name),
        detail=detail,
        is_connection_level=True,
    )


def _broken(name: str, response: httpx.Response | None) -> Call:
    return Call(name, None if response is None else response.status_code)
