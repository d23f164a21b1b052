"""Spoil a good reply on its way out, as a script says."""

import zlib
from collections.abc import Awaitable, Callable
from functools import cache

from integrations_health.providers.simulator.exchange import HTML, JSON, Exchange, Reply
from integrations_health.providers.simulator.faults import Fault

SLOW_MS = 6_000
DRIP_SECONDS = 5.0
_CHUNK = b" " * 16_384
_HEADER_BYTES = 1_000_000
_HUGE_BYTES = 10_000_000
_DEPTH = 100_000
_DIGITS = 100_000
_BOMB_BLOCKS = 10_000  # of a million zeros each: 10 GB from 10 MB
_MALFORMED = b'{"items": [{"id": "ca_'
_PAGE = b"<!DOCTYPE html><html><body><h1>We will be right back</h1></body></html>"
_WRONG = (
    b'{"items":{"id":7},"total_items":"many","data":[],"successful":"yes","error":{},'
    b'"success":"yes","result":[],"jsonrpc":2,"status":7,"isAuthenticated":"perhaps"}'
)
# Good enough for a reader who does not look closely; the hole is where the poison goes.
_PLAUSIBLE = (
    b'{"successful":true,"success":true,"error":null,"jsonrpc":"2.0","id":1,"items":[],'
    b'"total_items":0,"total_pages":1,"current_page":1,"isAuthenticated":true,'
    b'"result":{"content":[{"type":"text","text":"{}"}],"isError":false},"data":{"x":%b}}'
)


@cache
def _body(fault: Fault) -> bytes:
    match fault:
        case Fault.MALFORMED:
            return _MALFORMED
        case Fault.EMPTY:
            return b""
        case Fault.INVALID_UTF8:
            return _PLAUSIBLE % b'"\xff\xfe\xc3\x28"'
        case Fault.DEEP:
            return _PLAUSIBLE % (b'{"a":' * _DEPTH + b"1" + b"}" * _DEPTH)
        case Fault.HUGE_INTEGER:
            return _PLAUSIBLE % (b"9" * _DIGITS)
        case Fault.NAN:
            return _PLAUSIBLE % b"NaN"
        case Fault.DUPLICATE_KEYS:
            return _PLAUSIBLE[:-1] % b"1" + b',"successful":false,"success":false}'
        case Fault.HUGE:
            return _PLAUSIBLE % (b'"' + b"a" * _HUGE_BYTES + b'"')
        case _:
            return _WRONG


async def _replace(exchange: Exchange, reply: Reply) -> None:
    await exchange.finish(_with(reply, _body(reply.step.fault), JSON))


async def _html(exchange: Exchange, reply: Reply) -> None:
    await exchange.finish(_with(reply, _PAGE, HTML))


def _with(reply: Reply, body: bytes, kind: tuple[bytes, bytes]) -> Reply:
    others = (header for header in reply.headers if header[0] != kind[0])
    return reply._replace(body=body, headers=(kind, *others))


async def _slow(exchange: Exchange, reply: Reply) -> None:
    if await exchange.pause(reply.step.number(SLOW_MS) / 1000):
        await exchange.finish(reply)
    else:
        exchange.hang_up()


async def _hang(exchange: Exchange, reply: Reply) -> None:
    await exchange.pause(None)
    exchange.hang_up()


async def _drip(exchange: Exchange, reply: Reply) -> None:
    # White space first: a reader that waits for the end of the JSON waits for ever.
    await exchange.start(reply)
    await exchange.push(b" ")
    while await exchange.pause(reply.step.number(DRIP_SECONDS)):
        await exchange.push(b" ")
    exchange.hang_up()


async def _endless(exchange: Exchange, reply: Reply) -> None:
    await exchange.start(reply)
    while await exchange.pause(0.001):
        await exchange.push(_CHUNK)
    exchange.hang_up()


async def _disconnect(exchange: Exchange, reply: Reply) -> None:
    exchange.hang_up()
    # Until the server knows that the line is cut: else it complains of an answer that never came.
    await exchange.pause(None)


async def _truncate(exchange: Exchange, reply: Reply) -> None:
    length = (b"content-length", b"%d" % len(reply.body))
    await exchange.start(reply._replace(headers=(*reply.headers, length)))
    await exchange.push(reply.body[: len(reply.body) // 2])
    # One turn of the loop, so that the half is on its way before the line is cut.
    await exchange.pause(0.05)
    exchange.hang_up()


async def _pad_header(exchange: Exchange, reply: Reply) -> None:
    padding = (b"x-padding", b"a" * _HEADER_BYTES)
    await exchange.finish(reply._replace(headers=(*reply.headers, padding)))


async def _bomb(exchange: Exchange, reply: Reply) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    # A full flush forgets what came before, so the same block can follow itself for ever.
    block = packer.compress(bytes(1_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    encoding = (b"content-encoding", b"gzip")
    await exchange.start(reply._replace(headers=(*reply.headers, encoding)))
    await exchange.push(head)
    for _ in range(_BOMB_BLOCKS // 10):
        await exchange.push(block * 10)
    exchange.hang_up()


Spoiler = Callable[[Exchange, Reply], Awaitable[None]]
SPOILERS: dict[Fault, Spoiler] = {
    Fault.MALFORMED: _replace,
    Fault.HTML: _html,
    Fault.EMPTY: _replace,
    Fault.INVALID_UTF8: _replace,
    Fault.DEEP: _replace,
    Fault.HUGE_INTEGER: _replace,
    Fault.NAN: _replace,
    Fault.DUPLICATE_KEYS: _replace,
    Fault.WRONG_TYPE: _replace,
    Fault.HUGE: _replace,
    Fault.GZIP_BOMB: _bomb,
    Fault.ENDLESS: _endless,
    Fault.BIG_HEADER: _pad_header,
    Fault.SLOW: _slow,
    Fault.HANG: _hang,
    Fault.DRIP: _drip,
    Fault.DISCONNECT: _disconnect,
    Fault.TRUNCATED: _truncate,
}


async def deliver(exchange: Exchange, reply: Reply) -> None:
    """Send a reply, spoiled when its step says so."""
    spoil = SPOILERS.get(reply.step.fault)
    if spoil is None:
        await exchange.finish(reply)
    else:
        await spoil(exchange, reply)
