"""Tell open sockets that something changed. Never raises: who missed it sees it in a minute."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import redis
from channels.layers import get_channel_layer
from django.db import DatabaseError

from integrations_health import audience, frames, live_groups, network, providers
from integrations_health.frames import Update
from integrations_health.models import HealthCheck

logger = logging.getLogger(__name__)

DEADLINE_SECONDS = 1.0
# Of one message through Redis: half a kilobyte each.
_UPDATES_PER_MESSAGE = 100
_SENT_AT_ONCE = 16

Message = dict[str, Any]


def push(owners: Mapping[UUID, UUID]) -> None:
    """Tell how these integrations are now; `owners` are their users, by integration.

    Called after commit. When nobody looks, it costs one command to Redis.
    """
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        watched = audience.watched_among(set(owners.values()))
        if not watched:
            return
        ids = [pk for pk, owner in owners.items() if owner in watched]
        updates: dict[UUID, list[Update]] = defaultdict(list)
        for owner, update in frames.read(HealthCheck.objects.filter(integration_id__in=ids)):
            updates[owner].append(update)
        network.run(_send(_messages(updates), deadline=deadline))
    except (redis.RedisError, DatabaseError, OSError) as error:
        _miss("push", error, count=len(owners))
    except Exception:
        # After commit: whatever is wrong here, what was recorded stands.
        logger.exception("live.push_failed", extra={"count": len(owners)})


def tell_of_incident(provider: str) -> None:
    """Tell every socket with integrations of a provider to look again: an incident began or ended.

    One message, however many integrations; for a service wherever it is reached (no provider),
    one per provider.
    """
    names = [provider] if provider else list(providers.PROVIDERS)
    _tell([(live_groups.of_provider(name), {"type": "incident", "to": name}) for name in names])


def tell_of_access(user_id: UUID, *, ended_session: str = "") -> None:
    """Tell a user's sockets to prove anew who they are: what they may see may have changed.

    `ended_session` is the digest of a session that ends now, whatever the database says yet.
    """
    message = {"type": "access", "to": str(user_id), "ended": ended_session}
    _tell([(live_groups.of_user(user_id), message)])


def _tell(messages: list[tuple[str, Message]]) -> None:
    try:
        network.run(_send(messages, deadline=time.monotonic() + DEADLINE_SECONDS))
    except (redis.RedisError, OSError) as error:
        _miss("tell", error, count=len(messages))
    except Exception:
        logger.exception("live.tell_failed", extra={"count": len(messages)})


def _messages(updates: Mapping[UUID, list[Update]]) -> Iterable[tuple[str, Message]]:
    for owner, all_of_them in updates.items():
        packed = frames.packed(all_of_them)
        for start in range(0, len(packed), _UPDATES_PER_MESSAGE):
            part = packed[start : start + _UPDATES_PER_MESSAGE]
            message = {"type": "updates", "to": str(owner), "updates": part}
            yield live_groups.of_user(owner), message


async def _send(messages: Iterable[tuple[str, Message]], *, deadline: float) -> None:
    """Send all, several at once, over connections that this process's loop keeps."""
    layer: Any = get_channel_layer()
    waiting = iter(messages)

    async def send_next() -> None:
        for group, message in waiting:
            await layer.group_send(group, message)

    async with asyncio.timeout(max(deadline - time.monotonic(), 0)):
        await asyncio.gather(*(send_next() for _ in range(_SENT_AT_ONCE)))


def _miss(what: str, error: Exception, *, count: int) -> None:
    logger.warning(
        "live.not_told", extra={"what": what, "reason": type(error).__name__, "count": count}
    )
