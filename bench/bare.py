"""A bare HTTP client in a loop: `python -m bench.bare aiohttp probe 5000`.

It makes the calls that checks make, as many at once, parses the answers, and does nothing else.
It prints the CPU time of one call in microseconds, the median of five rounds.
"""

import argparse
import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from statistics import median
from typing import Any

import aiohttp
import httpx

from bench import calls
from bench.calls import Call
from bench.stage import CONCURRENCY

_WARM_UP = 300
_ROUNDS = 5
Answer = tuple[int, Any]
Ask = Callable[[Call], Awaitable[Answer]]


@asynccontextmanager
async def _aiohttp() -> AsyncIterator[Ask]:
    async with aiohttp.ClientSession() as session:

        async def ask(call: Call) -> Answer:
            method = "GET" if call.body is None else "POST"
            async with session.request(
                method, call.url, headers=call.headers, json=call.body
            ) as answer:
                return answer.status, await answer.json()

        yield ask


@asynccontextmanager
async def _httpx() -> AsyncIterator[Ask]:
    async with httpx.AsyncClient() as client:

        async def ask(call: Call) -> Answer:
            method = "GET" if call.body is None else "POST"
            answer = await client.request(method, call.url, headers=call.headers, json=call.body)
            return answer.status_code, answer.json()

        yield ask


_CLIENTS = {"aiohttp": _aiohttp, "httpx": _httpx}


async def _ask_all(ask: Ask, todo: Sequence[Call]) -> None:
    waiting = deque(todo)

    async def work() -> None:
        while waiting:
            status, answer = await ask(waiting.popleft())
            if status != 200 or not answer:
                raise SystemExit(f"the simulator answered {status}: {answer}")

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def _measure(client: str, warm_up: Sequence[Call], todo: Sequence[Call]) -> float:
    rounds = []
    async with _CLIENTS[client]() as ask:
        await _ask_all(ask, warm_up)
        for part in (todo[first::_ROUNDS] for first in range(_ROUNDS)):
            before = time.process_time()
            await _ask_all(ask, part)
            rounds.append((time.process_time() - before) / len(part) * 1e6)
    return median(rounds)


def main() -> None:
    """Make the calls and print the microseconds of one."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare", description=__doc__)
    parser.add_argument("client", choices=_CLIENTS)
    parser.add_argument("call", choices=["probe", "page"])
    parser.add_argument("count", type=int)
    options = parser.parse_args()
    where = os.environ["COMPOSIO_BASE_URL"], os.environ["COMPOSIO_API_KEY"]
    made = (
        calls.probe(*where, index) if options.call == "probe" else calls.page(*where, index)
        for index in range(_WARM_UP + options.count)
    )
    warm_up = list(islice(made, _WARM_UP))
    print(asyncio.run(_measure(options.client, warm_up, list(made))))


if __name__ == "__main__":
    main()
