"""Whose integrations somebody looks at right now: asked before anything is told."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import cast
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings

from integrations_health import quick_redis

# A mark is renewed every minute or so; two that are lost do no harm.
_KEPT_FOR = timedelta(seconds=150)
_ANYBODY = "live:watched"


def is_anybody_there() -> bool:
    """Say whether any socket looks at anything. Raises redis.RedisError. One small command."""
    return bool(_redis().exists(_ANYBODY))


def watched_among(user_ids: Collection[UUID]) -> set[UUID]:
    """Return those users at whose integrations an open socket looks. Raises redis.RedisError.

    One command, however many users.
    """
    if not user_ids:
        return set()
    asked = list(user_ids)
    found = _redis().mget(list(map(_key, asked)))
    marks = cast("list[bytes | None]", found)
    return {user_id for user_id, mark in zip(asked, marks, strict=True) if mark is not None}


async def mark(link: redis.asyncio.Redis, user_ids: Iterable[UUID]) -> None:
    """Note, for the next minutes, that sockets look at these users' integrations."""
    async with link.pipeline(transaction=False) as pipeline:
        pipeline.set(_ANYBODY, b"", ex=_KEPT_FOR)
        for user_id in user_ids:
            pipeline.set(_key(user_id), b"", ex=_KEPT_FOR)
        await pipeline.execute()


def _redis() -> redis.Redis:
    return quick_redis.connection(settings.CHANNELS_URL)


def _key(user_id: UUID) -> str:
    return f"live:watched:{user_id.hex}"
