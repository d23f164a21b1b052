"""What one socket follows, and what it has been told."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import timedelta
from uuid import UUID

from integrations_health import frames
from integrations_health.access import Caller
from integrations_health.frames import Place, Update
from integrations_health.models import HealthCheck
from integrations_health.models.ownership import OwnedQuerySet
from integrations_health.reading_threads import read
from integrations_health.switchboard import Socket, Switchboard, Topic

MOST_IDS = 1_000
COALESCED = timedelta(milliseconds=200)
_NOTHING_TOLD = -1


class TooMany(Exception):
    """A socket follows so many integrations at most."""


class Feed:
    """The integrations that a socket follows, with the version that its client knows of each.

    What waits to be sent is at most the newest of each integration, and leaves at most every
    200 ms. `home` is what the socket hears of whatever it follows: its user.
    """

    def __init__(
        self,
        caller: Caller,
        *,
        home: Collection[Topic],
        socket: Socket,
        switchboard: Switchboard,
        send: Callable[[str], Awaitable[None]],
    ) -> None:
        self._caller = caller
        self._home = set(home)
        self._topics = set(self._home)
        self._socket = socket
        self._switchboard = switchboard
        self._send = send
        self._told: dict[UUID, Place] = {}
        # Could not be looked up while the database was away.
        self._open_wishes: set[UUID] = set()
        self._pending: dict[UUID, Update] = {}
        self._flush: asyncio.Task[None] | None = None
        self._flush_at = 0.0

    async def follow(self, ids: Collection[UUID]) -> set[UUID]:
        """Follow these, and send how they are now; return those that the caller can see.

        Of what is followed already it is sent anew: somebody asks. Raises TooMany, and
        DatabaseError: then they are looked up when the database is back.
        """
        wanted = self._told.keys() | self._open_wishes | set(ids)
        if len(wanted) > MOST_IDS:
            raise TooMany
        new = {pk for pk in ids if pk not in self._told}
        for pk in set(ids) - new:
            self._told[pk] = self._told[pk]._replace(version=_NOTHING_TOLD)
        self._open_wishes |= new
        await self._place(new)
        seen = {pk for pk in ids if pk in self._told}
        await self._send_newest(seen - new)
        return seen

    def unfollow(self, ids: Iterable[UUID]) -> None:
        """Follow these no more."""
        for pk in ids:
            self._told.pop(pk, None)
            self._pending.pop(pk, None)
            self._open_wishes.discard(pk)
        self._leave_all_but(self._home | _topics_of(self._told.values()))

    def offer(self, update: Update) -> None:
        """Send it if it is followed and newer than what the client knows."""
        place = self._told.get(update.integration_id)
        if place is None or place.owner != update.owner or update.version <= place.version:
            return
        waiting = self._pending.get(update.integration_id)
        if waiting is not None and update.version <= waiting.version:
            return
        self._pending[update.integration_id] = update
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._send_pending())

    async def compare(self) -> None:
        """Look at the database: let go what the caller sees no more, send what was missed.

        Raises DatabaseError.
        """
        if self._open_wishes:
            await self._place(set(self._open_wishes))
        followed = dict(self._told)
        if not followed:
            return
        now = await read(lambda: frames.places(self._rows(followed)))
        self.unfollow(followed.keys() - now.keys())
        await self._listen(now)
        for pk, place in now.items():
            if pk in self._told:
                self._told[pk] = place._replace(version=self._told[pk].version)
        await self._send_newest([pk for pk in now if now[pk].version > followed[pk].version])

    def end(self) -> None:
        """Send nothing more."""
        self._told.clear()
        self._pending.clear()
        self._leave_all_but(set())
        if self._flush is not None:
            self._flush.cancel()

    async def _place(self, ids: Collection[UUID]) -> None:
        found = await read(lambda: frames.places(self._rows(ids)))
        # What was let go meanwhile is wished for no more.
        placed = {pk: place for pk, place in found.items() if pk in self._open_wishes}
        self._open_wishes -= set(ids)
        self._told |= {pk: place._replace(version=_NOTHING_TOLD) for pk, place in placed.items()}
        # Followed before the rows are read: what changes in between arrives one way or the other.
        await self._listen(placed)
        await self._send_newest(placed)

    async def _listen(self, places: dict[UUID, Place]) -> None:
        topics = _topics_of(places.values())
        self._topics |= topics
        await self._switchboard.follow(topics, self._socket)

    def _leave_all_but(self, needed: set[Topic]) -> None:
        self._switchboard.leave(self._topics - needed, self._socket)
        self._topics &= needed

    async def _send_newest(self, ids: Collection[UUID]) -> None:
        if not ids:
            return
        for update in await read(lambda: frames.read(self._rows(ids))):
            self.offer(update)

    def _rows(self, ids: Collection[UUID]) -> OwnedQuerySet[HealthCheck]:
        return HealthCheck.objects.visible_to(self._caller).filter(integration_id__in=ids)

    async def _send_pending(self) -> None:
        loop = asyncio.get_running_loop()
        while self._pending:
            if (wait := self._flush_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._flush_at = loop.time() + COALESCED.total_seconds()
            # One after the other: whoever becomes newer while a slow client takes its time is
            # sent once, as it is then.
            for pk in list(self._pending):
                update = self._pending.pop(pk, None)
                place = self._told.get(pk)
                if update is not None and place is not None:
                    self._told[pk] = place._replace(version=update.version)
                    await self._send(update.text)


def _topics_of(places: Iterable[Place]) -> set[Topic]:
    return {topic for place in places for topic in (place.owner, place.provider)}
