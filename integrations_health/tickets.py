"""One-time tickets that open a WebSocket: for clients that can send it neither cookie nor token."""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import redis
from django.conf import settings

from integrations_health import quick_redis
from integrations_health.access import Caller, Scope, Way

VALID_FOR = timedelta(seconds=30)
_BYTES = 32


class Unavailable(Exception):
    """Redis is away, so no ticket can be made or redeemed."""


def issue(caller: Caller) -> str:
    """Return a ticket that stands for `caller` once, within `VALID_FOR`. Raises Unavailable."""
    ticket = secrets.token_urlsafe(_BYTES)
    try:
        quick_redis.connection(settings.REDIS_URL).set(_key(ticket), _written(caller), ex=VALID_FOR)
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
    return None if written is None else _read(written)


def _key(ticket: str) -> str:
    # Hashed: who can read Redis for a moment cannot open a socket.
    return f"ws-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def _written(caller: Caller) -> str:
    return json.dumps(
        {
            "way": caller.way,
            "scopes": sorted(caller.scopes),
            "user_id": None if caller.user_id is None else str(caller.user_id),
            "external_id": caller.external_id,
            "key_id": None if caller.key_id is None else str(caller.key_id),
            "expires_at": None if caller.expires_at is None else caller.expires_at.isoformat(),
        }
    )


def _read(written: bytes) -> Caller:
    said = json.loads(written)
    return Caller(
        way=Way(said["way"]),
        scopes=frozenset(Scope(scope) for scope in said["scopes"]),
        user_id=None if said["user_id"] is None else UUID(said["user_id"]),
        external_id=said["external_id"],
        key_id=None if said["key_id"] is None else UUID(said["key_id"]),
        expires_at=(
            None if said["expires_at"] is None else datetime.fromisoformat(said["expires_at"])
        ),
    )
