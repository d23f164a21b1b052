"""Tell open sockets that something changed. Never raises: who missed it sees it in a minute."""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import redis
from channels.layers import get_channel_layer
from django.db import DatabaseError

from integrations_health import audience, frames, network
from integrations_health.models import HealthCheck

logger = logging.getLogger(__name__)

# Of the channel layer: one channel of each process that has sockets. Few messages to all of them
# cost less than one to each user.
GROUP = "live"
DEADLINE_SECONDS = 1.0
# Of one message through Redis: half a kilobyte each.
_UPDATES_PER_MESSAGE = 100

Message = dict[str, Any]


def push(owners: Mapping[UUID, UUID]) -> None:
    """Tell how these integrations are now; `owners` are their users, by integration.

    Called after commit. When nobody looks at anything, it costs one small command to Redis; one
    more, with a key for each user, when somebody does.
    """
    if not owners:
        return
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        if not audience.is_anybody_there():
            return
        watched = audience.watched_among(set(owners.values()))
        if not watched:
            return
        ids = [pk for pk, owner in owners.items() if owner in watched]
        updates = frames.packed(frames.read(HealthCheck.objects.filter(integration_id__in=ids)))
        network.run(_send(_messages(updates), deadline=deadline))
    except (redis.RedisError, DatabaseError, OSError) as error:
        _miss("push", error, count=len(owners))
    except Exception:
        # After commit: whatever is wrong here, what was recorded stands.
        logger.exception("live.push_failed", extra={"count": len(owners)})


def tell_of_incident(provider: str) -> None:
    """Tell every socket with integrations of a provider to look again: an incident began or ended.

    One message, however many integrations. No provider: a service, wherever it is reached.
    """
    _tell({"type": "incident", "provider": provider})


def tell_of_access(user_id: UUID, *, ended_session: str = "") -> None:
    """Tell a user's sockets to prove anew who they are: what they may see may have changed.

    `ended_session` is the digest of a session that ends now, whatever the database says yet.
    """
    _tell({"type": "access", "user": str(user_id), "ended_session": ended_session})


def _tell(message: Message) -> None:
    try:
        network.run(_send([message], deadline=time.monotonic() + DEADLINE_SECONDS))
    except (redis.RedisError, OSError) as error:
        _miss(message["type"], error, count=1)
    except Exception:
        logger.exception("live.tell_failed")


def _messages(updates: list[list[str | int]]) -> Iterable[Message]:
    for start in range(0, len(updates), _UPDATES_PER_MESSAGE):
        yield {"type": "updates", "updates": updates[start : start + _UPDATES_PER_MESSAGE]}


async def _send(messages: Iterable[Message], *, deadline: float) -> None:
    """Send to every process with sockets, over a connection that this process's loop keeps."""
    layer: Any = get_channel_layer()
    async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
        for message in messages:
            await layer.group_send(GROUP, message)


def _miss(what: str, error: Exception, *, count: int) -> None:
    logger.warning(
        "live.not_told", extra={"what": what, "reason": type(error).__name__, "count": count}
    )
