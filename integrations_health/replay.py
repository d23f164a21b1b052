"""Record what was kept while the database was away, as soon as it is back."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta

import redis
from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error, connection

from integrations_health import buffer, database_faults, kept_results, pipeline, schedule
from integrations_health.buffer import Entry
from integrations_health.crash_points import crash_point
from integrations_health.kept_results import Kept

logger = logging.getLogger(__name__)

# What ended its process so often, or took more than its time, is not tried again.
MOST_TRIES = 3
# The rest comes with the next tick: this one has more to do.
TURN = timedelta(seconds=10)
_LOCK = 0x6B657074  # "kept"


def apply(*, now: datetime | None = None) -> int:
    """Record what was kept, oldest first, by the pipeline's own rules; return how many results.

    Each counts once, however often and by whomever this is called; one process at a time does it.
    Costs one command to Redis when nothing was kept. Raises django.db.Error when the database is
    still away. `now` replaces its clock in tests.
    """
    try:
        is_empty = not buffer.length()
    except redis.RedisError:
        return 0  # what is kept there waits for Redis, too
    if is_empty:
        return 0
    ends_at = time.monotonic() + TURN.total_seconds()
    recorded = 0
    with _alone() as is_first:
        try:
            for entry in buffer.entries() if is_first else ():
                recorded += _apply(entry, now=now)
                if time.monotonic() >= ends_at:
                    break
        except (redis.RedisError, OSError) as error:
            logger.warning("replay.broken_off", extra={"reason": type(error).__name__})
    return recorded


def _apply(entry: Entry, *, now: datetime | None) -> int:
    """Record an entry and forget it; return how many results that were."""
    reason = _unfit(entry)
    if reason:
        return _drop(entry, reason)
    try:
        kept = kept_results.unpack(entry.packed)
    except kept_results.Unreadable:
        return _drop(entry, "unreadable")
    try:
        _record(kept, waited=entry.waited, now=now)
        schedule.finish(kept.batch)
    except Error as error:
        # Of its rows one is held for long, or the database is gone again: the next entry shows.
        logger.warning("results.not_recorded_yet", extra={"reason": type(error).__name__})
        buffer.put_back(entry)
        return 0
    crash_point("before_forgetting")
    buffer.remove(entry)
    about = {"count": len(kept.results), "seconds": round(entry.waited.total_seconds())}
    logger.info("results.recorded_later", extra=about)
    return len(kept.results)


def _unfit(entry: Entry) -> str:
    if entry.version != str(kept_results.VERSION).encode():
        return "other_version"
    if entry.tries > MOST_TRIES:
        return "tried_too_often"
    return "too_old" if entry.waited > buffer.KEPT_FOR else ""


def _record(kept: Kept, *, waited: timedelta, now: datetime | None) -> None:
    """Record results together, or, when one of them cannot be recorded, each of them alone."""
    try:
        pipeline.record(kept.results, versions=kept.versions, waited=waited, now=now)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if database_faults.is_away(error):
            raise
        if len(kept.results) > 1:
            for result in kept.results:
                _record(kept._replace(results=(result,)), waited=waited, now=now)
            return
        about = {"integration_id": str(kept.results[0].integration_id)}
        logger.exception("result.dropped", extra=about)


def _drop(entry: Entry, reason: str) -> int:
    logger.error("results.dropped", extra={"entry": entry.id.decode(), "reason": reason})
    buffer.remove(entry)
    return 0


@contextmanager
def _alone() -> Iterator[bool]:
    """Yield whether nobody else is at it. Who dies lets go of it with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        (is_first,) = cursor.fetchone() or (False,)
    try:
        yield is_first
    finally:
        if is_first:
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
