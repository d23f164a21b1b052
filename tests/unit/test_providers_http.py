"""Whatever comes back from a provider is a Reply or a Failure of the right kind."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.outcomes import Outcome
from integrations_health.providers import http
from integrations_health.providers.base import Call, Failure, NoBudget, RateLimit
from integrations_health.providers.http import Reply
from tests.unit.asking import DEADLINE, Gatekeeper, Wire, said

pytestmark = pytest.mark.asyncio
URL = httpx.URL("https://api.example.com/things")
BODY = b'{"a": 1}'


def client(
    transport: httpx.AsyncBaseTransport,
    *,
    deadline: timedelta = DEADLINE,
    concurrency: int = 10,
) -> http.Client:
    return http.Client(concurrency=concurrency, deadline=deadline, transport=transport)


async def ask(client: http.Client, gate: Gatekeeper | None = None) -> Reply | Failure:
    request = http.request("GET", URL, headers=http.raw(http.HEADERS))
    return await client.send(request, name="things", gate=gate or Gatekeeper())


async def failure_of(answer: httpx.Response | Exception) -> Failure:
    heard = await ask(client(Wire(answer)))
    assert isinstance(heard, Failure)
    return heard


class Slow(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """Takes its time before the answer, or between its bytes."""

    def __init__(self, *, before: float = 0, between: float = 0) -> None:
        self._before, self._between = before, between
        self.under_way = self.most_under_way = 0
        self.is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self._before)
        finally:
            self.under_way -= 1
        return httpx.Response(200, stream=self)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for byte in BODY * 1_000:
            await asyncio.sleep(self._between)
            yield bytes([byte])

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("status", [200, 201, 202, 204, 400, 401, 403, 404, 409, 410, 422])
async def test_an_answer_below_500_is_a_reply(status: int) -> None:
    heard = await ask(client(Wire(httpx.Response(status, content=BODY, headers={"x-a": "b"}))))

    assert isinstance(heard, Reply)
    assert (heard.status, heard.body, heard.headers["X-A"]) == (status, BODY, "b")
    assert (heard.call.name, heard.call.http_status) == ("things", status)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (300, Outcome.BAD_RESPONSE),
        (301, Outcome.BAD_RESPONSE),
        (304, Outcome.BAD_RESPONSE),
        (308, Outcome.BAD_RESPONSE),
        (408, Outcome.SERVER_ERROR),
        (429, Outcome.RATE_LIMITED),
        (500, Outcome.SERVER_ERROR),
        (501, Outcome.SERVER_ERROR),
        (503, Outcome.SERVER_ERROR),
        (599, Outcome.SERVER_ERROR),
    ],
)
async def test_a_refusal_to_listen_is_a_failure_with_its_words(
    status: int, outcome: Outcome
) -> None:
    answer = httpx.Response(status, content=b"not \xff now", headers={"retry-after": "120"})

    failure = await failure_of(answer)

    assert failure.outcome is outcome
    assert failure.call.http_status == status
    assert failure.detail == "not \ufffd now"
    assert failure.retry_after == timedelta(seconds=120)
    assert not failure.is_connection_level


async def test_of_a_large_error_page_only_the_opening_is_kept() -> None:
    failure = await failure_of(httpx.Response(503, content=b"x" * 200_000))

    assert failure.detail == "x" * 4_000


async def test_a_redirect_is_not_followed() -> None:
    wire = Wire(httpx.Response(302, headers={"location": "http://169.254.169.254/"}))

    heard = await ask(client(wire))

    assert isinstance(heard, Failure)
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("error", "outcome", "is_connection_level"),
    [
        (httpx.ConnectError("refused"), Outcome.UNREACHABLE, True),
        (httpx.ReadError("reset"), Outcome.UNREACHABLE, True),
        (ConnectionResetError(104, "reset"), Outcome.UNREACHABLE, True),
        (OSError(113, "no route"), Outcome.UNREACHABLE, True),
        (httpx.ReadTimeout("late"), Outcome.TIMEOUT, True),
        (httpx.RemoteProtocolError("nonsense"), Outcome.BAD_RESPONSE, False),
        (httpx.UnsupportedProtocol("ftp"), Outcome.PROBE_MISCONFIGURED, False),
    ],
)
async def test_a_call_that_breaks_is_a_failure(
    error: Exception, outcome: Outcome, is_connection_level: bool
) -> None:
    failure = await failure_of(error)

    assert failure.outcome is outcome
    assert failure.is_connection_level is is_connection_level
    assert failure.call == Call("things")
    assert type(error).__name__ in failure.detail


async def test_a_bug_of_ours_is_not_dressed_up_as_a_failure() -> None:
    with pytest.raises(KeyError):
        await ask(client(Wire(KeyError("ours"))))


@pytest.mark.parametrize("slow", [Slow(before=60), Slow(between=0.01)], ids=["silence", "drip"])
async def test_the_deadline_holds_for_silence_and_for_a_drip(slow: Slow) -> None:
    began = time.monotonic()

    heard = await ask(client(slow, deadline=timedelta(seconds=0.2)))

    assert isinstance(heard, Failure)
    assert heard.outcome is Outcome.TIMEOUT
    assert 0.2 <= time.monotonic() - began < 0.7
    assert slow.under_way == 0


async def test_a_body_that_is_given_up_is_closed() -> None:
    slow = Slow(between=0.01)

    await ask(client(slow, deadline=timedelta(seconds=0.1)))

    assert slow.is_closed


async def test_no_more_than_its_places_are_under_way() -> None:
    slow = Slow(before=0.01)
    asked = client(slow, concurrency=3)

    await asyncio.gather(*(ask(asked) for _ in range(12)))

    assert slow.most_under_way == 3


async def test_the_wait_for_a_place_is_no_latency_and_misses_no_deadline() -> None:
    asked = client(Slow(before=0.3), concurrency=1, deadline=timedelta(seconds=1.1))

    heard = await asyncio.gather(*(ask(asked) for _ in range(4)))

    latencies = [reply.call.latency_ms for reply in heard if isinstance(reply, Reply)]
    assert len(latencies) == 4
    assert all(latency is not None and 295 <= latency < 1_100 for latency in latencies)


async def test_nothing_goes_out_without_budget() -> None:
    wire = Wire(said({}))

    with pytest.raises(NoBudget):
        await ask(client(wire), Gatekeeper(most=0))

    assert wire.requests == []


async def test_the_newest_rate_limit_is_remembered() -> None:
    told = {"x-ratelimit": "2000", "x-ratelimit-window-size": "60s"}
    first = said({}, headers={**told, "x-ratelimit-remaining": "10"})
    asked = client(Wire(first, said({}, status=500, headers={**told, "x-ratelimit-remaining": "9"}),
                        said({})))  # fmt: skip
    before = asked.rate_limit

    for _ in range(3):
        await ask(asked)

    assert before is None
    assert asked.rate_limit == RateLimit(limit=2000, remaining=9, window=timedelta(seconds=60))


async def test_a_request_says_exactly_what_it_was_told_to() -> None:
    wire = Wire(said({}))
    request = http.request("POST", URL, headers=http.raw({"x-key": "\u00e9"}), content=b"{}")

    await client(wire).send(request, name="things", gate=Gatekeeper())

    assert wire.requests[0].headers.raw == [(b"x-key", "\u00e9".encode())]
    assert wire.requests[0].content == b"{}"


@given(
    status=st.integers(200, 599),
    body=st.binary(max_size=500),
    headers=st.dictionaries(
        st.sampled_from(["content-encoding", "retry-after", "x-ratelimit-remaining", "location"]),
        st.sampled_from(["", "gzip", "br", "5", "-1", "\u00ff", "x" * 500, "NaN"]),
    ),
)
async def test_any_answer_is_a_reply_or_a_failure(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    class Raw(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, headers=raw, stream=httpx.ByteStream(body))

    heard = await ask(client(Raw()))

    assert isinstance(heard, Reply | Failure)
    assert heard.call.http_status == status
