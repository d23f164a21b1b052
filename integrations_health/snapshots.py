"""The last known health of integrations, in Redis: kept when it was read, shown when it cannot be.

A snapshot says whose it is. Of two, the one of the newer version stays, however late it comes.
"""

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

import orjson
from django.conf import settings

from integrations_health import last_known
from integrations_health.access import Caller

# An external id that moves to another person must not stay with the first one for long.
_NAMED_FOR = timedelta(hours=1)
# No version is as high: what was removed never comes back.
_REMOVED = 2**52
_KEEP = """
local known = redis.call('HMGET', KEYS[1], 'version', 'at')
if known[1] then
    local newer = tonumber(known[1]) - tonumber(ARGV[1])
    if newer > 0 or (newer == 0 and tonumber(known[2]) > tonumber(ARGV[2])) then return 0 end
    redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'at', ARGV[2], 'owner', ARGV[3], 'body', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
"""
# Repetitive text: the quickest level makes a tenth of it.
_COMPRESSION = 1


class Snapshot(NamedTuple):
    """What the API answered about an integration, and whose it was."""

    owner_id: UUID
    body: dict[str, Any]


def keep(
    integration_id: UUID, body: Mapping[str, Any], *, owner_id: UUID, version: int, at: datetime
) -> None:
    """Keep an answer as its owner may see it, unless a newer one is kept. Never raises for Redis.

    `version` is that of the state which is shown, `at` when it was read.
    """
    if settings.SNAPSHOT_KEPT:
        packed = zlib.compress(orjson.dumps(body), _COMPRESSION)
        state = [version, _ms(at), owner_id.hex, packed]
        _write(integration_id, state, good_for=settings.SNAPSHOT_KEPT)


def remove(integration_ids: Iterable[UUID]) -> None:
    """Forget integrations that are gone, whoever still holds an answer about them."""
    if settings.SNAPSHOT_KEPT:
        for integration_id in integration_ids:
            _write(integration_id, [_REMOVED, 0, "", b""], good_for=last_known.MARKED_FOR)


def read(caller: Caller, integration_id: UUID) -> Snapshot | None:
    """Return the last known health of an integration.

    None when there is none, none that `caller` may see, or Redis does not answer: nobody can tell
    which.
    """
    found = last_known.attempt(
        "read",
        lambda link: cast(
            "list[bytes | None]", link.hmget(_key(integration_id), ["owner", "body"])
        ),
    )
    owner, packed = found or (None, None)
    if not owner or not packed:
        return None
    owner_id = UUID(owner.decode())
    if not _may_see(caller, owner_id):
        return None
    return Snapshot(owner_id, orjson.loads(zlib.decompress(packed)))


def name(owner_id: UUID, external_id: str) -> None:
    """Keep by which id the application knows a user. Never raises for Redis."""
    if settings.SNAPSHOT_KEPT:
        last_known.keep(_name_key(owner_id), external_id, good_for=_NAMED_FOR)


def unname(owner_id: UUID) -> None:
    """Forget by which id the application knew a user: it may have changed."""
    last_known.end([_name_key(owner_id)])


def _may_see(caller: Caller, owner_id: UUID) -> bool:
    """Say what `OwnedQuerySet.visible_to` would, as far as it can be known."""
    if caller.sees_everybody or caller.user_id == owner_id:
        return True
    if caller.external_id is None:
        return False
    return last_known.kept(_name_key(owner_id)) == caller.external_id.encode()


def _write(integration_id: UUID, state: list[Any], *, good_for: timedelta) -> None:
    arguments = [*state, int(good_for.total_seconds())]
    last_known.attempt(
        "keep",
        lambda link: link.register_script(_KEEP)([_key(integration_id)], arguments),
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1_000)


def _key(integration_id: UUID) -> str:
    return f"last-known:health:{integration_id.hex}"


def _name_key(owner_id: UUID) -> str:
    return f"last-known:user:{owner_id.hex}"
