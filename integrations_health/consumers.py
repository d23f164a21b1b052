"""One open WebSocket of `/health-updates`, from the handshake to its end."""

import asyncio
import json
import logging
import random
import uuid
from collections import deque
from datetime import timedelta
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from integrations_health import client_words, handshake, roll_call, seats, switchboard, visitors
from integrations_health.client_words import Malformed, Wish
from integrations_health.feed import MOST_IDS, Feed, TooMany
from integrations_health.frames import Update
from integrations_health.reading_threads import read
from integrations_health.tickets import Unavailable
from integrations_health.visitors import Visitor

logger = logging.getLogger(__name__)

# How long a client may take to make room for what it is sent.
SEND_PATIENCE = timedelta(seconds=10)
CLOSE_PATIENCE = timedelta(seconds=1)
COMPARE_EVERY = timedelta(seconds=55)
POLL_EVERY = timedelta(seconds=15)
MOST_MESSAGES = 20
MESSAGES_WITHIN = timedelta(seconds=10)

NOT_PROVEN = 4401
TOO_MANY_MESSAGES = 4429


class HealthUpdates(AsyncWebsocketConsumer):
    """Tells a client how the integrations are that it subscribes to, now and whenever it changes.

    A socket hears of changes by the switchboard; once a minute, and more often while Redis is
    away, it looks at the database itself, and whether its client may still look.
    """

    # None: the switchboard waits at the layer, once for the whole process.
    channel_layer_alias = ""
    _visitor: Visitor
    _feed: Feed
    _switchboard: switchboard.Switchboard
    _roll_call: roll_call.RollCall

    def __init__(self) -> None:
        super().__init__()
        self._id = uuid.uuid4().hex
        self._is_open = False
        self._is_known = False
        self._said_at: deque[float] = deque(maxlen=MOST_MESSAGES)
        self._timer: asyncio.TimerHandle | None = None
        self._look: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        try:
            await super().__call__(scope, receive, send)
        except OSError:
            pass  # the client is gone, or was cut off
        finally:
            await self._end()

    async def connect(self) -> None:
        """Let in who proves who they are and comes from where they may."""
        try:
            claim = handshake.read(
                self.scope,
                origins=[settings.PUBLIC_URL, *settings.WS_ALLOWED_ORIGINS],
                session_cookie=settings.SESSION_COOKIE_NAME,
            )
            self._visitor = await read(visitors.of, claim, now=timezone.now())
        except (handshake.Refused, Unavailable, DatabaseError) as error:
            logger.info("socket.refused", extra={"reason": str(error) or type(error).__name__})
            await self.close()
            return
        loop = asyncio.get_running_loop()
        self._switchboard, self._roll_call = switchboard.of_loop(loop), roll_call.of_loop(loop)
        home = [] if self._visitor.user_id is None else [self._visitor.user_id]
        self._feed = Feed(
            self._visitor.caller,
            home=home,
            socket=self,
            switchboard=self._switchboard,
            send=self._send,
        )
        self._is_open = self._is_known = True
        if not await self._has_seat():
            await self._close()
            return
        await self._switchboard.follow(home, self)
        await self.accept(subprotocol=claim.subprotocol)
        self._look_in(self._every() * random.uniform(0.5, 1))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Do what a frame of the client asks for."""
        now = asyncio.get_running_loop().time()
        if len(self._said_at) == MOST_MESSAGES and (
            now - self._said_at[0] < MESSAGES_WITHIN.total_seconds()
        ):
            await self._close(TOO_MANY_MESSAGES)
            return
        self._said_at.append(now)
        try:
            await self._grant(client_words.read(text_data))
        except Malformed as problem:
            await self._send_error(problem.code, problem.detail)

    async def _grant(self, wish: Wish) -> None:
        if wish.kind == "unsubscribe":
            self._feed.unfollow(wish.ids)
            return
        try:
            found = await self._feed.follow(wish.ids)
        except TooMany:
            raise Malformed(
                "too_many_integrations",
                f"A socket follows {MOST_IDS:,} integrations at most; nothing was subscribed.",
            ) from None
        except DatabaseError:
            self._look_in(POLL_EVERY * random.random())
            if wish.wants_answer:
                await self._send_error(
                    "unavailable", "The subscription begins when the database answers again."
                )
            return
        if wish.wants_answer:
            await self._send_answer(wish, found)

    async def _send_answer(self, wish: Wish, found: set[UUID]) -> None:
        known = [str(pk) for pk in wish.ids if pk in found]
        unknown = [str(pk) for pk in wish.ids if pk not in found] + list(wish.strange)
        answer = {"type": "subscribed", "integrationIds": known, "unknownIds": unknown}
        await self._send(json.dumps(answer))

    async def _send_error(self, code: str, detail: str) -> None:
        await self._send(json.dumps({"type": "error", "code": code, "detail": detail}))

    def offer(self, update: Update) -> None:
        """Send it if the client follows it and does not know it yet."""
        self._feed.offer(update)

    def look_again(self, *, within: float) -> None:
        """Compare with the database at a random time within so many seconds."""
        self._look_in(timedelta(seconds=random.uniform(0, within)))

    def doubt(self, *, ended_session: str) -> None:
        """Prove access anew at once, or close where it has ended for certain."""
        if visitors.has_lost(self._visitor, ended_session=ended_session):
            self._closing = asyncio.create_task(self._close(NOT_PROVEN))
        else:
            self._look_in(timedelta())

    def _look_in(self, wait: timedelta) -> None:
        """Look after a while, or sooner if that was the plan, and never after the proof ends."""
        if not self._is_open:
            return
        expires_at = self._visitor.caller.expires_at
        if expires_at is not None:
            wait = min(wait, max(expires_at - timezone.now(), timedelta()))
        loop = asyncio.get_running_loop()
        at = loop.time() + wait.total_seconds()
        if self._timer is not None:
            if self._timer.when() <= at and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = loop.call_at(at, self._start_look)

    def _start_look(self) -> None:
        self._timer = None
        before = self._look
        self._look = asyncio.create_task(self._compare(before))

    async def _compare(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        every = POLL_EVERY
        try:
            if not await self._roll_call.may_stay(self._visitor):
                await self._close(NOT_PROVEN)
                return
            await self._feed.compare()
            await self._has_seat()  # keeps it
            every = self._every()
        except DatabaseError:
            # Nobody is shut out because we cannot look. Thousands of sockets cannot at once.
            logger.debug("socket.cannot_look")
        except Exception:
            logger.exception("socket.look_failed")
        self._look_in(every * random.uniform(0.8, 1))

    def _every(self) -> timedelta:
        return COMPARE_EVERY if self._switchboard.is_whole else POLL_EVERY

    async def _has_seat(self) -> bool:
        name = self._visitor.name
        return not name or await seats.take(self._switchboard.link, who=name, socket=self._id)

    async def _send(self, text: str) -> None:
        """Send a frame; cut off a client that makes no room for it."""
        if not self._is_open:
            return
        try:
            async with asyncio.timeout(SEND_PATIENCE.total_seconds()):
                await self.send(text_data=text)
        # RuntimeError: the server itself has closed the socket and waits until that is read.
        except (OSError, RuntimeError) as error:
            self._cut_off(error)

    async def _close(self, code: int | None = None) -> None:
        """Close with a code; before the socket is accepted, that is a 403."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            async with asyncio.timeout(CLOSE_PATIENCE.total_seconds()):
                await self.close(code)
        except (OSError, RuntimeError) as error:
            self._cut_off(error)

    def _cut_off(self, error: Exception) -> None:
        self._is_open = False
        if isinstance(error, TimeoutError):
            logger.info("socket.cut_off")
        # The server's own way to close waits until everything is sent: to who never reads, for
        # ever.
        transport = getattr(getattr(self.base_send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    async def _end(self) -> None:
        self._is_open = False
        if self._timer is not None:
            self._timer.cancel()
        for task in filter(None, (self._look, self._closing)):
            task.cancel()
        if self._is_known:
            self._feed.end()
            await seats.leave(self._switchboard.link, who=self._visitor.name, socket=self._id)
