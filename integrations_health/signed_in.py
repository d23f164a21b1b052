"""Say who is signed in by sessions: many at once, without changing any."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from integrations_health.models import User
from integrations_health.sessions import SessionStore


def users_of(keys: Collection[str], *, now: datetime) -> dict[str, User]:
    """Return the active users who are signed in, by the key of their session. Two queries.

    As Django's `get_user` has it, which asks for each, ends a session that does not prove anything
    and gives another key to one that is signed with a secret of old: nobody could hand that to the
    browser here.
    """
    possible = [key for key in keys if SessionStore(key).session_key is not None]
    rows = Session.objects.filter(session_key__in=possible, expire_date__gt=now)
    read = SessionStore()
    found = {row.session_key: read.decode(row.session_data) for row in rows}
    named = {key: pk for key, said in found.items() if (pk := _named(said)) is not None}
    active = User.objects.filter(is_active=True).in_bulk(set(named.values()))
    return {
        key: active[pk]
        for key, pk in named.items()
        if pk in active and _is_proven(found[key], active[pk])
    }


def _named(said: Mapping[str, Any]) -> UUID | None:
    """Return whom a session names; None for nobody. What is odd in one hinders no other."""
    try:
        return UUID(said[SESSION_KEY])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _is_proven(said: Mapping[str, Any], user: User) -> bool:
    """Say whether a session was begun by a way that is still open, with the password of now."""
    if said.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    shown = said.get(HASH_SESSION_KEY) or ""
    good = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(shown, one) for one in good)
