"""An answer's body is read within bounds, and strictly."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.providers import bodies
from integrations_health.providers.bodies import Unreadable


class Chunks(httpx.AsyncByteStream):
    """A body that comes in pieces, and counts how many were taken."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            self.taken += 1
            yield chunk


def response(body: bytes | httpx.AsyncByteStream, encoding: str = "") -> httpx.Response:
    stream = Chunks([body]) if isinstance(body, bytes) else body
    headers = {"content-encoding": encoding} if encoding else {}
    return httpx.Response(200, headers=headers, stream=stream)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' [1, 2.5, "a\\u00e9", null, true] ', [1, 2.5, "a\u00e9", None, True]),
        ('{"k": "\u00e9"}'.encode(), {"k": "\u00e9"}),
        (b'"a word"', "a word"),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"1" * 4_000, int("1" * 4_000)),
        (b'{"cut": ["\\ud83d", "a\\udc00b"]}', {"cut": ["\ufffd", "a\ufffdb"]}),
        (b'{"\\ud83d\\ude00\\ud83d": 1}', {"\U0001f600\ufffd": 1}),
        (b'"\\\\ud83d"', "\\ud83d"),
    ],
)
def test_json_is_read(body: bytes, value: object) -> None:
    assert bodies.parsed(body) == value


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"   ", "not JSON"),
        (b"<html><body>Bad Gateway</body></html>", "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"[Infinity, -Infinity]", "not JSON"),
        (b"1e999", "not JSON"),
        (b"1" * 100_000, "not JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'"\xff\xfe"', "not UTF-8"),
        (b"\x80", "not UTF-8"),
        (b"[" * 100_000, "too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too deep"),
    ],
)
def test_what_is_no_json_or_hurts_to_read_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        bodies.parsed(body)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=_ANYTHING, is_plain=st.booleans())
def test_both_readers_read_the_same(value: object, is_plain: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_plain)
    try:
        strictly = bodies.value_of(text)
    except Unreadable:
        with pytest.raises(Unreadable):
            bodies.parsed(text.encode(errors="surrogatepass"))
    else:
        assert repr(bodies.parsed(text.encode())) == repr(strictly)


@given(body=st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = bodies.parsed(body)
    except Unreadable:
        return

    assert json.loads(body) == value


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
async def test_a_body_is_read_whole(encoding: str) -> None:
    stream = Chunks([b"one ", b"two ", b"three"])

    assert await bodies.read(response(stream, encoding), most=13) == b"one two three"


@pytest.mark.asyncio
async def test_a_body_one_byte_too_large_is_refused() -> None:
    with pytest.raises(Unreadable, match=bodies.TOO_LARGE):
        await bodies.read(response(b"x" * 101), most=100)


@pytest.mark.asyncio
async def test_no_more_is_taken_of_an_endless_body_than_was_allowed() -> None:
    endless = Chunks(b"x" * 10 for _ in range(1_000_000))

    with pytest.raises(Unreadable, match=bodies.TOO_LARGE):
        await bodies.read(response(endless), most=100)

    assert endless.taken == 11


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)],
)
async def test_a_body_that_came_compressed_all_the_same_is_read(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = compress(b'{"a": 1}' * 100)
    stream = Chunks(body[i : i + 7] for i in range(0, len(body), 7))

    assert await bodies.read(response(stream, encoding), most=800) == b'{"a": 1}' * 100


@pytest.mark.asyncio
async def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = gzip.compress(bytes(10_000_000))

    with pytest.raises(Unreadable, match=bodies.TOO_LARGE):
        await bodies.read(response(bomb, "gzip"), most=1_000)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [
        (b"not gzip at all", "gzip", "compression is broken"),
        (gzip.compress(b"cut short" * 100, mtime=0)[:-20], "gzip", "compression is broken"),
        (b"", "gzip", "compression is broken"),
        (b"whatever", "br", "was not asked for"),
        (b"whatever", "gzip, gzip", "was not asked for"),
    ],
)
async def test_a_broken_or_strange_compression_is_refused(
    body: bytes, encoding: str, reason: str
) -> None:
    with pytest.raises(Unreadable, match=reason):
        await bodies.read(response(body, encoding), most=10_000)


@pytest.mark.asyncio
async def test_a_stream_is_left_as_soon_as_it_brought_what_we_wait_for() -> None:
    endless = Chunks(b"x" for _ in range(1_000_000))

    body = await bodies.read(response(endless), most=100, is_whole=lambda body: len(body) == 5)

    assert body == b"xxxxx"
    assert endless.taken == 5
