"""One-time tickets that open a WebSocket: for clients that can send it neither cookie nor token."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import redis
from cryptography.fernet import Fernet
from django.conf import settings

from integrations_health import quick_redis, written_callers
from integrations_health.access import Caller

VALID_FOR = timedelta(seconds=30)
_BYTES = 32
_SESSION = "session"


class Unavailable(Exception):
    """Redis is away, so no ticket can be made or redeemed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Whom a ticket stands for, and the session that got it, if one did."""

    caller: Caller
    session_key: str | None = field(default=None, repr=False)


def issue(caller: Caller, *, session_key: str | None = None) -> str:
    """Return a ticket that stands for `caller` once, within `VALID_FOR`. Raises Unavailable.

    `session_key` is of the session that asks: what the ticket opens ends with it.
    """
    ticket = secrets.token_urlsafe(_BYTES)
    besides = {}
    if session_key is not None:
        besides[_SESSION] = _seal(ticket).encrypt(session_key.encode()).decode()
    try:
        quick_redis.connection(settings.REDIS_URL).set(
            _key(ticket), written_callers.written(caller, **besides), ex=VALID_FOR
        )
    except redis.RedisError as error:
        raise Unavailable from error
    return ticket


def redeem(ticket: str) -> Holder | None:
    """Return whom a ticket stands for, and void it; None when it is no valid one.

    Raises Unavailable.
    """
    try:
        found = quick_redis.connection(settings.REDIS_URL).getdel(_key(ticket))
    except redis.RedisError as error:
        raise Unavailable from error
    written = cast("bytes | None", found)
    if written is None:
        return None
    sealed = json.loads(written).get(_SESSION)
    key = None if sealed is None else _seal(ticket).decrypt(sealed).decode()
    return Holder(caller=written_callers.read(written), session_key=key)


def _key(ticket: str) -> str:
    # Hashed: who can read Redis for a moment cannot open a socket.
    return f"ws-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def _seal(ticket: str) -> Fernet:
    # Nor take over a session: only who has the ticket reads which it is.
    digest = hashlib.sha256(f"{_SESSION}:{ticket}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
