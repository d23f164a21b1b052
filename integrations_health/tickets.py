"""One-time tickets that open a WebSocket: for clients that can send it neither cookie nor token."""

import hashlib
import secrets
from datetime import timedelta
from typing import cast

import redis
from django.conf import settings

from integrations_health import quick_redis, written_callers
from integrations_health.access import Caller

VALID_FOR = timedelta(seconds=30)
_BYTES = 32


class Unavailable(Exception):
    """Redis is away, so no ticket can be made or redeemed."""


def issue(caller: Caller) -> str:
    """Return a ticket that stands for `caller` once, within `VALID_FOR`. Raises Unavailable."""
    ticket = secrets.token_urlsafe(_BYTES)
    try:
        quick_redis.connection(settings.REDIS_URL).set(
            _key(ticket), written_callers.written(caller), ex=VALID_FOR
        )
    except redis.RedisError as error:
        raise Unavailable from error
    return ticket


def redeem(ticket: str) -> Caller | None:
    """Return whom a ticket stands for, and void it; None when it is no valid one.

    Raises Unavailable.
    """
    try:
        found = quick_redis.connection(settings.REDIS_URL).getdel(_key(ticket))
    except redis.RedisError as error:
        raise Unavailable from error
    written = cast("bytes | None", found)
    return None if written is None else written_callers.read(written)


def _key(ticket: str) -> str:
    # Hashed: who can read Redis for a moment cannot open a socket.
    return f"ws-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
