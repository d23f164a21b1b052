"""Keys of the application's back end: make one, read one into a Caller."""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import DatabaseError, transaction
from django.db.models import Q

from integrations_health import last_known, written_callers
from integrations_health.access import Caller, Scope, Way
from integrations_health.models import ApiKey

logger = logging.getLogger(__name__)

START = "ihk_"
# So often is noted at most that a key was used.
NOTED_EVERY = timedelta(minutes=1)
# So long is it remembered that a key was good, for when the database cannot be asked.
REMEMBERED_FOR = timedelta(minutes=15)
READ_ONLY = frozenset({Scope.READ})
READ_AND_WRITE = frozenset({Scope.READ, Scope.WRITE})


class Refused(Exception):
    """A key is worth nothing; the text says why, and shows nothing of the key."""


class Made(NamedTuple):
    """A key that was made: its row, and the key itself, which is never seen again."""

    row: ApiKey
    key: str


def make(name: str, *, may_write: bool, expires_at: datetime | None) -> Made:
    """Make a key, and keep all but the key itself."""
    prefix = secrets.token_hex(6)
    key = f"{START}{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        digest=_digest(key),
        may_write=may_write,
        expires_at=expires_at,
    )
    return Made(row, key)


def read(key: str, *, now: datetime) -> Caller:
    """Return who shows this key: the application's back end, acting for nobody. Raises Refused."""
    prefix = key.removeprefix(START).partition("_")[0]
    digest = _digest(key)
    row = ApiKey.objects.filter(prefix=prefix).first() if prefix.isalnum() else None
    if row is None or not hmac.compare_digest(row.digest, digest):
        raise Refused("The API key is not one of ours.")
    if row.has_ended(now):
        # Once more: whoever ended it may have done so by SQL, or while Redis was away.
        forget([row])
        raise Refused("The API key was revoked." if row.revoked_at else "The API key has expired.")
    caller = Caller(
        way=Way.API_KEY,
        scopes=READ_AND_WRITE if row.may_write else READ_ONLY,
        key_id=row.pk,
        expires_at=row.expires_at,
    )
    if row.last_used_at is None or row.last_used_at <= now - NOTED_EVERY:
        _note_use(row, now)
        last_known.keep(
            _remembered(digest), written_callers.written(caller), good_for=REMEMBERED_FOR
        )
    return caller


def remembered(key: str, *, now: datetime) -> Caller | None:
    """Return who showed this key when the database last answered; None when that is not known.

    For the time in which it does not answer. Whoever ended a key had it forgotten: `forget`.
    """
    text = last_known.kept(_remembered(_digest(key)))
    caller = None if text is None else written_callers.read(text)
    if caller is None or (caller.expires_at is not None and caller.expires_at <= now):
        return None
    return replace(caller, is_remembered=True)


def forget(rows: Iterable[ApiKey]) -> None:
    """Remember of these keys no more that they were good: called after they ended."""
    last_known.end(_remembered(row.digest) for row in rows)


def _note_use(row: ApiKey, now: datetime) -> None:
    is_old = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
    try:
        with transaction.atomic():
            ApiKey.objects.filter(is_old, pk=row.pk).update(last_used_at=now)
    except DatabaseError as error:
        # To know when a key was used is nice; to be answered is what the caller came for.
        logger.warning("api_key.use_not_noted", extra={"reason": type(error).__name__})


def _remembered(digest: str) -> str:
    return f"last-known:api-key:{digest}"


def _digest(key: str) -> str:
    # The secret has 256 random bits: a slow hash would protect nothing more.
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
