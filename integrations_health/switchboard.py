"""Bring what is told through Redis to the sockets of this process."""

import asyncio
import logging
import random
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import redis
import redis.asyncio
from channels.layers import get_channel_layer
from django.conf import settings

from integrations_health import audience, frames, live, quick_redis
from integrations_health.frames import Update

logger = logging.getLogger(__name__)

PULSE = timedelta(seconds=5)
# Marks and memberships end by themselves after some minutes.
RENEW = timedelta(seconds=40)
# How soon every socket looks at the database itself when Redis is lost, and when it is back.
POLL = timedelta(seconds=15)
CATCH_UP = timedelta(seconds=5)
# When many sockets have to look, so many do in a second: each look is a few queries.
LOOKS_PER_SECOND = 100
_AT_ONCE = 500
_FAILURES = (redis.RedisError, OSError)

# What a socket may hear of: a user's integrations and access, or a provider's incidents.
Topic = UUID | str


class Socket(Protocol):
    """What an open socket is to the switchboard."""

    def offer(self, update: Update) -> None:
        """Send it if the socket follows it and does not know it yet."""

    def look_again(self, *, within: float) -> None:
        """Compare with the database, and prove access anew, at a random time within seconds."""

    def doubt(self, *, ended_session: str) -> None:
        """Prove access anew at once: it may have ended, and did for the session of this digest."""


class Switchboard:
    """One channel of the layer for the whole process, and who in the process listens to what.

    One, because a channel that waits costs commands and memory, and a layer's message carries the
    name of every channel it is for. A pulse through Redis and back tells whether messages still
    arrive: after a restart or a flush they do not, and no error says so.
    """

    def __init__(self) -> None:
        self.link: redis.asyncio.Redis = quick_redis.asynchronous(settings.CHANNELS_URL)
        self.is_whole = True
        self._layer: Any = get_channel_layer()
        self._channel = f"live.{uuid.uuid4().hex}"
        self._sockets: defaultdict[Topic, set[Socket]] = defaultdict(set)
        self._marked: set[UUID] = set()
        self._heard = asyncio.Event()
        self._joining = asyncio.create_task(self._join())
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep())]

    async def follow(self, topics: Collection[Topic], socket: Socket) -> None:
        """Let a socket hear of these from now on; while Redis is away, from later on."""
        for topic in topics:
            self._sockets[topic].add(socket)
        await asyncio.wait([self._joining])  # the first socket makes the switchboard
        users = {topic for topic in topics if isinstance(topic, UUID)}
        await self._mark(users - self._marked)

    def leave(self, topics: Iterable[Topic], socket: Socket) -> None:
        """Tell a socket nothing of these any more."""
        for topic in topics:
            self._sockets[topic].discard(socket)
            if not self._sockets[topic]:
                del self._sockets[topic]

    async def _listen(self) -> None:
        while True:
            try:
                message = await self._layer.receive(self._channel)
            except Exception as error:
                # Redis is gone, or somebody wrote nonsense: either way the sockets stay open.
                self._lose(error)
                await asyncio.sleep(random.uniform(0.5, 1.5))
                continue
            try:
                self._deliver(message)
            except Exception:
                logger.exception("live.message_not_delivered")

    def _deliver(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "updates":
                for update in frames.unpacked(message["updates"]):
                    for socket in self._listeners(update.owner):
                        socket.offer(update)
            case "access":
                for socket in self._listeners(UUID(message["user"])):
                    socket.doubt(ended_session=message["ended_session"])
            case "incident":
                named = message["provider"]
                listeners = self._listeners(named) if named else self._everybody()
                _tell_to_look(listeners, within=timedelta())
            case "pulse":
                self._heard.set()

    def _listeners(self, topic: Topic) -> list[Socket]:
        return list(self._sockets.get(topic, ()))

    def _everybody(self) -> set[Socket]:
        return set().union(*self._sockets.values())

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.wait([self._joining])
        renew_at = loop.time() + RENEW.total_seconds()
        while True:
            try:
                if not self.is_whole or not await self._feels_pulse():
                    await self._regain()
                elif loop.time() >= renew_at:
                    await self._renew()
                    renew_at = loop.time() + RENEW.total_seconds()
            except Exception as error:
                logger.exception("live.not_kept")
                self._lose(error)
            await asyncio.sleep(PULSE.total_seconds())

    async def _join(self) -> bool:
        """Join the group of all processes, and one of our own for the pulse."""
        try:
            async with asyncio.timeout(2 * quick_redis.PATIENCE_SECONDS):
                for group in (live.GROUP, self._channel):
                    await self._layer.group_add(group, self._channel)
        except _FAILURES as error:
            self._lose(error)
            return False
        return True

    async def _mark(self, users: Collection[UUID]) -> bool:
        """Note that somebody looks at these users' integrations, so that changes are told."""
        waiting = list(users)
        for start in range(0, len(waiting), _AT_ONCE):
            part = waiting[start : start + _AT_ONCE]
            try:
                await audience.mark(self.link, part)
            except _FAILURES as error:
                self._lose(error)
                return False
            self._marked.update(part)
        return True

    async def _renew(self) -> bool:
        """Do what lasts some minutes only once more, for those who are here now."""
        self._marked = set()
        users = [topic for topic in self._sockets if isinstance(topic, UUID)]
        return await self._join() and await self._mark(users)

    async def _feels_pulse(self) -> bool:
        self._heard.clear()
        try:
            async with asyncio.timeout(2 * quick_redis.PATIENCE_SECONDS):
                await self._layer.group_send(self._channel, {"type": "pulse"})
                await self._heard.wait()
        except _FAILURES as error:
            self._lose(error)
            return False
        return True

    async def _regain(self) -> None:
        """Begin anew; when a pulse comes back after it, every socket catches up."""
        self._tasks[0].cancel()  # it may wait for an answer that never comes
        self._tasks[0] = asyncio.create_task(self._listen())
        if await self._renew() and await self._feels_pulse():
            self.is_whole = True
            logger.warning("live.regained")
            _tell_to_look(self._everybody(), within=CATCH_UP)

    def _lose(self, error: Exception) -> None:
        if not self.is_whole:
            return
        self.is_whole = False
        # What was marked may be forgotten: who comes meanwhile marks it again.
        self._marked.clear()
        logger.warning("live.lost", extra={"reason": type(error).__name__})
        _tell_to_look(self._everybody(), within=POLL)


def _tell_to_look(sockets: Collection[Socket], *, within: timedelta) -> None:
    seconds = max(within.total_seconds(), len(sockets) / LOOKS_PER_SECOND)
    for socket in sockets:
        socket.look_again(within=seconds)


@cache
def of_loop(loop: asyncio.AbstractEventLoop) -> Switchboard:
    """Return the switchboard of the event loop that runs, made when its first socket comes."""
    return Switchboard()
