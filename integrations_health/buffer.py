"""Results that could not be recorded, in a stream of Redis until the database is back.

Nobody claims without the database, so there are never many more than were under way when it went.
"""

import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, cast

import redis
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings

from integrations_health import database_faults, health_rows, kept_results, quick_redis
from integrations_health.claimed import Claim
from integrations_health.outcomes import CheckResult

logger = logging.getLogger(__name__)

# As long as a day that is over is waited for (rollups.FINAL_AFTER).
KEPT_FOR = timedelta(days=1)
# 200,000 results: 10 MB, or 64 at the very most.
MOST_ENTRIES = 1_000
_STREAM = "results:kept"
_TRIES = "results:tries"
# All of a claim, or nothing.
_KEEP = """
if redis.call('XLEN', KEYS[1]) + #ARGV - 3 > tonumber(ARGV[1]) then return 0 end
for part = 4, #ARGV do
    redis.call('XADD', KEYS[1], '*', 'version', ARGV[3], 'packed', ARGV[part])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
# A try is noted before it is made: it may be the end of whoever makes it.
_TAKE = """
local found = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', 1)[1]
if not found then return nil end
local tries = redis.call('HINCRBY', KEYS[2], found[1], 1)
redis.call('EXPIRE', KEYS[2], ARGV[2])
local fields = {}
for place = 1, #found[2], 2 do fields[found[2][place]] = found[2][place + 1] end
local now = redis.call('TIME')
local waited = now[1] * 1000 + math.floor(now[2] / 1000) - tonumber(string.match(found[1], '%d+'))
return {found[1], fields['version'] or '', fields['packed'] or '', tries, waited}
"""


class Entry(NamedTuple):
    """Some kept results: packed, by which version, and for which time somebody tries them now."""

    id: bytes
    version: bytes
    packed: bytes
    tries: int
    waited: timedelta


def keep(results: Sequence[CheckResult], claim: Claim, *, because: Exception) -> bool:
    """Keep a claim's results, and its end, when the database is away; say whether they are kept.

    `because` is what came instead of recording them. Never raises for Redis.
    """
    # While the database is frozen, nothing but the task's own limit ends the wait for it.
    is_out_of_time = isinstance(because, SoftTimeLimitExceeded) and len(results) > 0
    if not is_out_of_time and not database_faults.is_away(because):
        return False
    about = {"count": len(results), "because": type(because).__name__}
    reason = _refused(results, claim)
    if reason:
        logger.error("results.not_kept", extra={**about, "reason": reason})
        return False
    logger.warning("results.kept", extra=about)
    return True


def _refused(results: Sequence[CheckResult], claim: Claim) -> str:
    """Keep results; return why they are not kept."""
    versions = health_rows.versions(claim.rows)
    parts = kept_results.parts(results, versions, batch=claim.batch)
    packed = [kept_results.pack(part) for part in parts]
    if max(map(len, packed)) > kept_results.MOST_BYTES:
        return "too_large"
    seconds = int(KEPT_FOR.total_seconds())
    arguments: list[Any] = [MOST_ENTRIES, seconds, kept_results.VERSION, *packed]
    try:
        return "" if _link().register_script(_KEEP)([_STREAM], arguments) else "full"
    except (redis.RedisError, OSError) as error:
        return type(error).__name__


def length() -> int:
    """Return how many entries wait, each of up to 200 results. Raises redis.RedisError."""
    return cast("int", _link().xlen(_STREAM))


def entries() -> Iterator[Entry]:
    """Take each entry once, the oldest first. Raises redis.RedisError."""
    take = _link().register_script(_TAKE)
    after = b"-"
    while found := take([_STREAM, _TRIES], [after, int(KEPT_FOR.total_seconds())]):
        id, version, packed, tries, waited = found
        yield Entry(id, version, packed, tries, timedelta(milliseconds=max(waited, 0)))
        after = b"(" + id


def put_back(entry: Entry) -> None:
    """Let an entry wait for another time, as if nobody had tried. Raises redis.RedisError."""
    _link().hincrby(_TRIES, entry.id, -1)  # type: ignore[arg-type]  # bytes are as good


def remove(entry: Entry) -> None:
    """Forget an entry. Raises redis.RedisError."""
    with _link().pipeline() as both:
        both.xdel(_STREAM, entry.id)
        both.hdel(_TRIES, entry.id)  # type: ignore[arg-type]  # bytes are as good
        both.execute()


def _link() -> redis.Redis:
    return quick_redis.connection(settings.REDIS_URL)
