"""The event loop of this process, and the provider clients that live in it."""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

import uvloop

from integrations_health import providers
from integrations_health.providers.base import Provider

T = TypeVar("T")


class Errands:
    """What a coroutine has done by the thread that waits for it in `run`, such as to ask our rows.

    Whatever an errand raises is raised there, and ends the coroutine.
    """

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._asked: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = (
            SimpleQueue()
        )

    async def do(self, task: Callable[[], T]) -> T:
        """Return what `task` returns in that thread."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put((task, answer))
        return await answer

    def serve(self, work: "Future[Any]", loop: asyncio.AbstractEventLoop) -> None:
        """Do what is asked until the work is done."""
        work.add_done_callback(lambda _: self._asked.put(None))
        while (asked := self._asked.get()) is not None:
            task, answer = asked
            loop.call_soon_threadsafe(_tell, answer, task())


class _Network:
    """One loop in one thread, and one client per provider, made on first use."""

    def __init__(self) -> None:
        # A fifth less CPU per call than asyncio's own loop.
        self.loop = uvloop.new_event_loop()
        self.providers: dict[str, Provider] = {}
        self.thread = threading.Thread(target=self._serve, name="network", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def run(self, work: Coroutine[Any, Any, T], errands: Errands | None = None) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            if errands is not None:
                errands.serve(future, self.loop)
            return future.result()
        except BaseException:
            # A soft time limit or Ctrl-C reaches this thread only: tell the loop to stop, too.
            future.cancel()
            raise

    async def _close_providers(self) -> None:
        for provider in self.providers.values():
            await provider.aclose()

    def close(self) -> None:
        self.run(self._close_providers())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


_lock = threading.Lock()
_current: _Network | None = None


def run(work: Coroutine[Any, Any, T], *, errands: Errands | None = None) -> T:
    """Run a coroutine in this process's loop and return its result, or raise its exception.

    Meanwhile this thread waits, and runs the coroutine's errands.
    """
    return _network().run(work, errands)


def provider(name: str) -> Provider:
    """Return this process's long-lived client of a provider. Raises KeyError for no such name."""
    clients = _network().providers
    if name not in clients:
        clients[name] = providers.connect(name)
    return clients[name]


def close() -> None:
    """Close every client and end the loop; the next use starts anew."""
    global _current
    with _lock:
        network, _current = _current, None
    if network is not None:
        network.close()


def _tell(answer: "asyncio.Future[T]", value: T) -> None:
    if not answer.done():
        answer.set_result(value)


def _network() -> _Network:
    global _current
    with _lock:
        if _current is None:
            _current = _Network()
        return _current


def _forget_after_fork() -> None:
    # The parent's thread and sockets do not exist here: closing them would close the parent's.
    global _current, _lock
    _lock = threading.Lock()
    _current = None


os.register_at_fork(after_in_child=_forget_after_fork)
