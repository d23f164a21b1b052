"""Record what was kept while the database was away, as soon as it is back."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import redis
from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error, connection, transaction

from integrations_health import (
    buffer,
    database_faults,
    health_rows,
    kept_results,
    pipeline,
    schedule,
)
from integrations_health.buffer import Entry
from integrations_health.crash_points import crash_point
from integrations_health.kept_results import Kept
from integrations_health.outcomes import CheckResult

logger = logging.getLogger(__name__)

# What ended its process so often, or took more than its time, is not tried again.
MOST_TRIES = 3
# The rest comes with the next tick: this one has more to do.
TURN = timedelta(seconds=10)
_LOCK = 0x6B657074  # "kept"


class _NotAlone(Exception):
    """Somebody else records what was kept."""


class _Done(NamedTuple):
    """What became of an entry, whether it is the last one of its claim, and whether all wait."""

    results: int = 0
    is_left: bool = False
    is_last: bool = False
    is_blocked: bool = False


def apply(*, now: datetime | None = None) -> int | None:
    """Record what was kept, oldest first, by the pipeline's own rules; return how many results.

    Each counts once, however often and by whomever this is called. One process at a time does it:
    None when another one does. Costs one command to Redis when nothing was kept. Raises
    django.db.Error when the database is still away. `now` replaces its clock in tests.
    """
    try:
        is_empty = not buffer.length()
    except redis.RedisError:
        return 0  # what is kept there waits for Redis, too
    if is_empty:
        return 0
    ends_at = time.monotonic() + TURN.total_seconds()
    entries, recorded, is_any_left, is_blocked = buffer.entries(), 0, False, False
    try:
        while True:
            done = _apply_next(entries, may_end=not is_any_left, is_blocked=is_blocked, now=now)
            if done is None:
                break
            recorded += done.results
            is_blocked = done.is_blocked
            # The entries of a claim lie together.
            is_any_left = not done.is_last and (is_any_left or done.is_left)
            if time.monotonic() >= ends_at:
                break
    except _NotAlone:
        return None
    except (redis.RedisError, OSError) as error:
        logger.warning("replay.broken_off", extra={"reason": type(error).__name__})
    return recorded


def _apply_next(
    entries: Iterator[Entry], *, may_end: bool, is_blocked: bool, now: datetime | None
) -> _Done | None:
    """Record the next entry and forget it; None when there is no other. Raises _NotAlone.

    A claim only ends when it `may_end`, since nothing of it is left: the numbers of what is left
    would be given away again, and of two results with one number the second is dropped. While all
    that is recorded `is_blocked`, claims only go on.
    """
    entry: Entry | None = None
    kept: Kept | None = None
    try:
        with transaction.atomic():
            if not _is_alone():
                raise _NotAlone
            entry = next(entries, None)
            if entry is None:
                return None
            kept = _read(entry)
            if kept is None:
                return _Done(is_blocked=is_blocked)
            is_recorded = is_blocked or _record(kept.results, kept, waited=entry.waited, now=now)
        if not is_recorded and len(kept.results) > 1:
            # Each in a transaction of its own: rows and their alerts are locked in one order.
            for result in kept.results:
                _record([result], kept, waited=entry.waited, now=now)
        if is_blocked or (kept.batch is not None and not may_end):
            return _put_back(entry, kept, is_blocked=is_blocked, now=now)
        schedule.finish(kept.batch)
    except Error as error:
        if entry is None:
            raise
        # Of its rows one is held for long, or the database is gone again: the next entry shows.
        logger.warning("results.not_recorded_yet", extra={"reason": type(error).__name__})
        is_locked = database_faults.sqlstate_of(error) == database_faults.LOCKED
        if kept is not None and is_locked:
            is_blocked = not _record_free(kept, waited=entry.waited, now=now)
        return _put_back(entry, kept, is_blocked=is_blocked, now=now)
    crash_point("before_forgetting")
    buffer.remove(entry)
    about = {"count": len(kept.results), "seconds": round(entry.waited.total_seconds())}
    logger.info("results.recorded_later", extra=about)
    return _Done(len(kept.results), is_last=kept.batch is not None)


def _is_alone() -> bool:
    """Say whether nobody else is at it, until the transaction ends."""
    # Not for as long as the session: its end is not noticed when its host vanishes, and in a pool
    # between us and PostgreSQL it goes on, and the lock with it.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        (is_first,) = cursor.fetchone() or (False,)
        return bool(is_first)


def _read(entry: Entry) -> Kept | None:
    """Return what an entry holds; None when it can never be recorded, and is dropped."""
    reason = _unfit(entry)
    if not reason:
        try:
            return kept_results.unpack(entry.packed)
        except kept_results.Unreadable:
            reason = "unreadable"
    logger.error("results.dropped", extra={"entry": entry.id.decode(), "reason": reason})
    buffer.remove(entry)
    return None


def _unfit(entry: Entry) -> str:
    if entry.version != str(kept_results.VERSION).encode():
        return "other_version"
    if entry.tries > MOST_TRIES:
        return "tried_too_often"
    return "too_old" if entry.waited > buffer.KEPT_FOR else ""


def _record(
    results: Sequence[CheckResult], kept: Kept, *, waited: timedelta, now: datetime | None
) -> bool:
    """Record results together; say whether they can be. One that cannot be alone is dropped."""
    try:
        pipeline.record(results, versions=kept.versions, waited=waited, now=now)
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:
        if database_faults.is_away(error):
            raise
        if len(results) == 1:
            about = {"integration_id": str(results[0].integration_id)}
            logger.exception("result.dropped", extra=about)
        return False
    return True


def _put_back(entry: Entry, kept: Kept | None, *, is_blocked: bool, now: datetime | None) -> _Done:
    """Let an entry wait, and its claim with it: it would be taken for a dead worker's."""
    batch = kept.batch if kept else None
    with suppress(Error):
        schedule.hold(batch, now=now)
    buffer.put_back(entry)
    return _Done(is_left=True, is_last=batch is not None, is_blocked=is_blocked)


def _record_free(kept: Kept, *, waited: timedelta, now: datetime | None) -> bool:
    """Record what belongs to rows that nobody holds, which do not wait for the one that is held.

    Say whether it could be: if not, it is no row that is held, and all else would wait as well.
    """
    with suppress(Error), transaction.atomic():
        free = health_rows.lock_free(result.integration_id for result in kept.results)
        results = [result for result in kept.results if result.integration_id in free]
        _record(results, kept, waited=waited, now=now)
        return True
    return False
