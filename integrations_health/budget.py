"""How much a provider lets us ask, shared by every process."""

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import Error, connection

from integrations_health import pooled_connection
from integrations_health.allotment import KEPT_FREE, SHARES, Allotment, Lane, Stretch
from integrations_health.outcomes import clamped_wait
from integrations_health.providers.base import RateLimit

logger = logging.getLogger(__name__)

# Has something done where the database may be asked, and returns what it gave.
Do = Callable[[Callable[[], Stretch]], Awaitable[Stretch]]

# The horizon, as a part of a batch's deadline. A batch that waits for its turns holds a worker: it
# must not hold it long, and what has its turn last still needs the time to answer.
HORIZON_SHARE = 1 / 6
# A provider does not say when its window ends; after this part of one we look again.
PAUSE_SHARE = 0.25
# What the column holds.
_MOST_PER_MINUTE = 2**31 - 1


class Spent(Exception):
    """No call may go out now: the provider's budget is spent, or the provider said to wait."""


_LANE = """
    SELECT b.provider, n.at, COALESCE(b.blocked_until > n.at, false) AS is_blocked,
        GREATEST(b.{lane}, b.blocked_until, n.at) AS start_at,
        COALESCE(60 / (LEAST(NULLIF(%(setting)s, 0), b.calls_per_minute) * %(share)s), 0)::float
            AS spacing
    FROM provider_budgets b, (SELECT COALESCE(%(now)s, clock_timestamp()) AS at) n
    WHERE b.provider = %(provider)s
"""
_GRANTED = """
    SELECT *, CASE
        WHEN is_blocked OR start_at - at >= %(patience)s THEN 0
        WHEN spacing = 0 THEN %(calls)s
        -- One call at least for whoever comes when the lane is free, however low the limit is.
        ELSE LEAST(%(calls)s, GREATEST(
            floor(EXTRACT(EPOCH FROM at + %(horizon)s - start_at) / spacing),
            CASE WHEN start_at <= at THEN 1 ELSE 0 END))
    END::int AS calls FROM lane
"""
_ROOM = f"WITH lane AS ({_LANE}) SELECT calls FROM ({_GRANTED}) AS granted"
_RESERVE = f"""
WITH lane AS ({_LANE} FOR UPDATE OF b), granted AS ({_GRANTED})
UPDATE provider_budgets b
SET {{lane}} = granted.start_at + granted.calls * granted.spacing * interval '1 second'
FROM granted WHERE b.provider = granted.provider
RETURNING granted.calls, granted.spacing, EXTRACT(EPOCH FROM granted.start_at - granted.at),
    b.{{lane}}
"""
_SETTLE = """
UPDATE provider_budgets b
SET {lane} = GREATEST(
        CASE WHEN b.{lane} = %(ends_at)s OR %(unused)s < 0
            THEN b.{lane} - %(unused)s * interval '1 second' ELSE b.{lane} END,
        n.at + %(pause)s
    ),
    calls_per_minute = COALESCE(%(calls_per_minute)s, b.calls_per_minute),
    remaining = COALESCE(%(remaining)s, b.remaining),
    remaining_at = CASE WHEN %(remaining)s IS NULL THEN b.remaining_at ELSE n.at END,
    blocked_until = GREATEST(b.blocked_until, n.at + %(wait)s)
FROM (SELECT COALESCE(%(now)s, clock_timestamp()) AS at) n
WHERE b.provider = %(provider)s
"""


def room(provider: str, *, now: datetime | None = None) -> int:
    """Return how many scheduled calls may go out within the horizon: a look, not a promise."""
    if not _is_shared(provider):
        return settings.CHECK_BATCH_SIZE
    arguments = _arguments(provider, Lane.SWEEP, calls=settings.CHECK_BATCH_SIZE, now=now)
    (calls,) = _on_row(provider, _ROOM.format(lane=Lane.SWEEP.value), arguments)
    return int(calls)


def held_for(provider: str, *, lane: Lane) -> timedelta:
    """Return how long the provider's limit lets nothing out in a lane, as far as we know."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT GREATEST({lane.value}, blocked_until) - clock_timestamp() "
            "FROM provider_budgets WHERE provider = %s",
            [provider],
        )
        row = cursor.fetchone()
    return max(row[0] if row else timedelta(), timedelta())


def checks_per_second(provider: str) -> float:
    """Return how fast a backlog of checks may be worked off, roughly: a call each."""
    per_minute = settings.PROVIDERS[provider]["calls_per_minute"]
    if not per_minute:
        return settings.CATCH_UP_PER_SECOND
    return float(per_minute * SHARES[Lane.SWEEP] / 60)


def reserve(
    provider: str,
    *,
    calls: int,
    lane: Lane = Lane.SWEEP,
    do: Do | None = None,
    now: datetime | None = None,
) -> Allotment:
    """Book up to `calls` calls that go out within the horizon; maybe fewer, maybe none.

    Each provider's calls are spread evenly over its minute, whatever the number of processes, so
    that its limit is never passed. What is late for its turn is booked anew by way of `do`, as long
    as a batch lasts. `now` replaces the database's clock in tests.
    """
    if not _is_shared(provider):
        # A server of the older era needs four requests for one answer.
        return Allotment(Stretch(4 * calls), lane=lane)
    stretch = _booked(provider, _arguments(provider, lane, calls=calls, now=now), lane=lane)
    if do is None:
        return Allotment(stretch, lane=lane)
    again = partial(_booked_late, provider, lane=lane, since=time.monotonic(), now=now)
    return Allotment(stretch, lane=lane, book=lambda calls: do(partial(again, calls=calls)))


def settle(
    provider: str,
    allotment: Allotment,
    *,
    rate_limit: RateLimit | None = None,
    wait: timedelta | None = None,
    now: datetime | None = None,
) -> None:
    """Give back what was not used, and remember what the provider said of its limit.

    `wait` is set when the provider refused a call for its limit: nothing more goes out for so long
    (a minute at least). Unused calls return only while nobody has booked after them: a stretch in
    the middle is lost rather than doubled.
    """
    if not _is_shared(provider):
        return
    per_minute = pause = None
    if rate_limit is not None and rate_limit.limit > 0:
        per_minute = round(rate_limit.limit * timedelta(minutes=1) / rate_limit.window)
        per_minute = min(max(per_minute, 1), _MOST_PER_MINUTE)
        if rate_limit.remaining < rate_limit.limit * KEPT_FREE:
            pause = rate_limit.window * PAUSE_SHARE
    arguments: dict[str, Any] = {
        "provider": provider,
        "now": now,
        "ends_at": allotment.ends_at,
        "unused": allotment.unused_seconds,
        "calls_per_minute": per_minute,
        "remaining": None if rate_limit is None else max(rate_limit.remaining, 0),
        "pause": pause,
        "wait": clamped_wait(wait),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE.format(lane=allotment.lane.value), arguments)


def _is_shared(provider: str) -> bool:
    # Plain MCP servers have one host each and no common limit.
    return bool(settings.PROVIDERS[provider]["base_url"])


def _booked(provider: str, arguments: dict[str, Any], *, lane: Lane) -> Stretch:
    calls, spacing, starts_in, ends_at = _on_row(
        provider, _RESERVE.format(lane=lane.value), arguments
    )
    return Stretch(calls, spacing, float(starts_in), ends_at)


def _booked_late(
    provider: str, *, lane: Lane, since: float, calls: int, now: datetime | None
) -> Stretch:
    """Book calls that can still be answered before the batch ends, which began at `since`."""
    passed = timedelta(seconds=time.monotonic() - since)
    within = settings.BATCH_DEADLINE - settings.CALL_DEADLINE - passed
    if within <= timedelta():
        return Stretch()
    arguments = _arguments(provider, lane, calls=calls, now=now)
    try:
        return _booked(provider, arguments | {"horizon": within, "patience": within}, lane=lane)
    except Error as error:
        # The batch ends with what it has heard; what becomes of that is for whoever records it.
        logger.warning("budget.not_booked", extra={"reason": type(error).__name__})
        return Stretch()
    finally:
        pooled_connection.let_go()


def _arguments(provider: str, lane: Lane, *, calls: int, now: datetime | None) -> dict[str, Any]:
    return {
        "provider": provider,
        "setting": settings.PROVIDERS[provider]["calls_per_minute"],
        "share": SHARES[lane],
        "horizon": settings.BATCH_DEADLINE * HORIZON_SHARE,
        # Who would wait longer than a tick for the first turn comes back with a later one, so that
        # one throttled provider never holds more than one worker or two.
        "patience": settings.TICK,
        "calls": calls,
        "now": now,
    }


def _on_row(provider: str, sql: str, arguments: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                "INSERT INTO provider_budgets (provider) VALUES (%s) ON CONFLICT DO NOTHING",
                [provider],
            )
            cursor.execute(sql, arguments)
            row = cursor.fetchone()
    assert row is not None
    return tuple(row)
