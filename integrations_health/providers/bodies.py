"""Read an answer's body within bounds, and read it strictly as JSON."""

import json
import math
import re
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, NoReturn, cast

import httpx
import msgspec

MOST = 256 * 1024
MOST_OF_A_LIST = 4 * 1024 * 1024
TOO_LARGE = "the answer is too large"

_BROKEN_COMPRESSION = "the answer's compression is broken"
# We ask for no encoding; some compress all the same. zlib tells gzip from deflate by itself.
_DEFLATED = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER_WRAPPER = zlib.MAX_WBITS | 32
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class Unreadable(Exception):
    """The body could not be read: its text says why, and never quotes it."""


async def read(
    response: httpx.Response,
    *,
    most: int,
    is_whole: Callable[[bytearray], bool] | None = None,
) -> bytes:
    """Return the decoded body, `most` bytes at most, or the part for which `is_whole` is true.

    Raises Unreadable when it is larger, or encoded in a way we did not ask for.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        decode = None
    elif encoding in _DEFLATED:
        decode = zlib.decompressobj(_EITHER_WRAPPER)
    else:
        raise Unreadable("the answer has an encoding that was not asked for")
    body = bytearray()
    stream = cast(AsyncGenerator[bytes, None], aiter(cast(httpx.AsyncByteStream, response.stream)))
    async with aclosing(stream):
        async for chunk in stream:
            body += chunk if decode is None else _inflated(decode, chunk, most - len(body) + 1)
            if len(body) > most:
                raise Unreadable(TOO_LARGE)
            if is_whole is not None and is_whole(body):
                return bytes(body)
    if decode is not None and not decode.eof:
        raise Unreadable(_BROKEN_COMPRESSION)
    return bytes(body)


def _inflated(decode: "zlib._Decompress", chunk: bytes, most: int) -> bytes:
    try:
        return decode.decompress(chunk, most)
    except zlib.error:
        raise Unreadable(_BROKEN_COMPRESSION) from None


def parsed(body: bytes) -> Any:
    """Return the JSON value in `body`. Raises Unreadable where it is none, or hurts to read."""
    # The quick reader is as strict; the other one says what is wrong, and reads a few things more.
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_quickly(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable("the answer is not UTF-8") from None
    return value_of(text)


def value_of(text: str) -> Any:
    """Return the JSON value in `text`: no NaN, no endless depth. Raises Unreadable.

    Halves of characters, which a server leaves that cuts a text in the middle of an emoji, are
    replaced by U+FFFD: nothing could send or store them.
    """
    try:
        value = _DECODE(text)
        return _whole(value) if _SURROGATE.search(text) else value
    except RecursionError:
        raise Unreadable("the answer is nested too deep") from None
    except ValueError:
        raise Unreadable("the answer is not JSON" if text else "the answer is empty") from None


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
        case _:
            return value


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_read_quickly = msgspec.json.Decoder().decode
_DECODE = json.JSONDecoder(parse_constant=_refused, parse_float=_finite).decode
