"""Bring what is told through Redis to the sockets of this process."""

import asyncio
import contextlib
import logging
import random
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID

import redis
import redis.asyncio
from channels.layers import get_channel_layer
from django.conf import settings

from integrations_health import audience, frames, live_groups, quick_redis
from integrations_health.frames import Update

logger = logging.getLogger(__name__)

PULSE = timedelta(seconds=5)
# Memberships end when Redis is emptied, and by themselves after some minutes.
REJOIN = timedelta(seconds=40)
# How soon every socket looks at the database itself when Redis is lost, and when it is back.
POLL = timedelta(seconds=15)
CATCH_UP = timedelta(seconds=5)
# When many sockets have to look, so many do in a second: each look is a few queries.
LOOKS_PER_SECOND = 100
_AT_ONCE = 50
_FAILURES = (redis.RedisError, OSError, TimeoutError)


class Socket(Protocol):
    """What an open socket is to the switchboard."""

    def offer(self, owner: UUID, updates: Sequence[Update]) -> None:
        """Send what of this the socket follows and does not know yet."""

    def look_again(self, *, within: float) -> None:
        """Compare with the database, and prove access anew, at a random time within seconds."""

    def doubt(self, *, ended_session: str) -> None:
        """Prove access anew at once: it may have ended, and did for the session of this digest."""


class Switchboard:
    """One channel of the layer for the whole process, and who in the process listens to what.

    One, because each channel that waits costs commands and memory, and a layer's message carries
    the name of every channel it is for. A pulse through Redis and back tells whether messages
    still arrive: after a restart or a flush they do not, and no error says so.
    """

    def __init__(self) -> None:
        self.link: redis.asyncio.Redis = quick_redis.asynchronous(settings.CHANNELS_URL)
        self.is_whole = True
        self._layer: Any = get_channel_layer()
        self._channel = f"live.{uuid.uuid4().hex}"
        self._sockets: dict[str, set[Socket]] = {}
        self._owners: dict[str, UUID] = {}
        self._joined: set[str] = set()
        self._heard = asyncio.Event()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep())]

    async def follow_users(self, user_ids: Iterable[UUID], socket: Socket) -> None:
        """Let a socket hear of these users from now on; when Redis is away, from later on."""
        self._owners.update((live_groups.of_user(user_id), user_id) for user_id in user_ids)
        await self._follow(list(map(live_groups.of_user, user_ids)), socket)

    async def follow_providers(self, providers: Iterable[str], socket: Socket) -> None:
        """Let a socket hear of incidents of these providers."""
        await self._follow(list(map(live_groups.of_provider, providers)), socket)

    def leave(self, socket: Socket, groups: Iterable[str]) -> None:
        """Tell a socket nothing of these groups any more."""
        for group in groups:
            if sockets := self._sockets.get(group):
                sockets.discard(socket)

    async def _follow(self, groups: list[str], socket: Socket) -> None:
        for group in groups:
            self._sockets.setdefault(group, set()).add(socket)
        await self._join([group for group in groups if group not in self._joined])

    async def _join(self, groups: Sequence[str]) -> bool:
        for start in range(0, len(groups), _AT_ONCE):
            part = groups[start : start + _AT_ONCE]
            try:
                async with asyncio.timeout(quick_redis.PATIENCE_SECONDS):
                    owners = [self._owners[group] for group in part if group in self._owners]
                    await audience.mark(self.link, owners)
                    for group in part:
                        await self._layer.group_add(group, self._channel)
            except _FAILURES as error:
                self._lose(error)
                return False
            self._joined.update(part)
        return True

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
        to = message.get("to", "")
        match message["type"]:
            case "updates":
                owner, updates = UUID(to), frames.unpacked(message["updates"])
                for socket in self._listeners(live_groups.of_user(owner)):
                    socket.offer(owner, updates)
            case "access":
                for socket in self._listeners(live_groups.of_user(UUID(to))):
                    socket.doubt(ended_session=message.get("ended", ""))
            case "incident":
                sockets = self._listeners(live_groups.of_provider(to))
                for socket in sockets:
                    socket.look_again(within=len(sockets) / LOOKS_PER_SECOND)
            case "pulse":
                self._heard.set()

    def _listeners(self, group: str) -> list[Socket]:
        return list(self._sockets.get(group, ()))

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        await self._join([self._channel])
        rejoin_at = loop.time() + REJOIN.total_seconds()
        while True:
            if not self.is_whole or not await self._feels_pulse():
                await self._regain()
            elif loop.time() >= rejoin_at:
                await self._forget_the_left()
                await self._join([self._channel, *self._sockets])
                rejoin_at = loop.time() + REJOIN.total_seconds()
            await asyncio.sleep(PULSE.total_seconds())

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
        """Join everything again; when a pulse comes back after it, every socket catches up."""
        self._joined.clear()
        self._tasks[0].cancel()  # it may wait for an answer that never comes
        self._tasks[0] = asyncio.create_task(self._listen())
        if await self._join([self._channel, *self._sockets]) and await self._feels_pulse():
            self.is_whole = True
            logger.warning("live.regained")
            self._tell_all_to_look(within=CATCH_UP)

    async def _forget_the_left(self) -> None:
        for group in [group for group, sockets in self._sockets.items() if not sockets]:
            if self._sockets[group]:
                continue  # somebody came while we were at the others
            del self._sockets[group]
            self._owners.pop(group, None)
            self._joined.discard(group)
            with contextlib.suppress(*_FAILURES):
                async with asyncio.timeout(quick_redis.PATIENCE_SECONDS):
                    await self._layer.group_discard(group, self._channel)
            if group in self._sockets:  # somebody came meanwhile
                await self._join([group])

    def _lose(self, error: Exception) -> None:
        if not self.is_whole:
            return
        self.is_whole = False
        logger.warning("live.lost", extra={"reason": type(error).__name__})
        self._tell_all_to_look(within=POLL)

    def _tell_all_to_look(self, *, within: timedelta) -> None:
        everybody: set[Socket] = set().union(*self._sockets.values())
        seconds = max(within.total_seconds(), len(everybody) / LOOKS_PER_SECOND)
        for socket in everybody:
            socket.look_again(within=seconds)


@cache
def of_loop(loop: asyncio.AbstractEventLoop) -> Switchboard:
    """Return the switchboard of the event loop that runs, made when its first socket comes."""
    return Switchboard()
