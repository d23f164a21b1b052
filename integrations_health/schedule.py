"""What is due, and who takes it."""

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection, transaction
from psycopg.errors import LockNotAvailable

from integrations_health import claimed
from integrations_health.binary_sql import binary_cursor
from integrations_health.claim_sql import (
    CLAIM_DUE,
    CLAIM_ONE,
    FINISH,
    HOLD,
    HURRY,
    IS_FREE,
    IS_HELD,
    LOCK_PROVIDER,
    LOCK_PROVIDER_OF,
    REAP,
)
from integrations_health.claimed import Claim
from integrations_health.outcomes import MEANINGS, CheckTarget, Outcome

logger = logging.getLogger(__name__)

PARK_AFTER_CRASHES = 3
PARKED_FOR = timedelta(hours=1)
# One claim of a provider at a time; the provider's name is the other half of the lock's.
_CLAIM_LOCK = 0x1A7C4ED


def claim_due(provider: str, *, limit: int, now: datetime | None = None) -> Claim:
    """Reserve up to `limit` due integrations of a provider for `CHECK_LEASE`, oldest first.

    What a dead worker held until its lease ended is due again and marked. Three such marks in a
    row park an integration for an hour with status `unknown`. Two statements, and two more after a
    crash. `now` replaces the database's clock in tests.
    """
    arguments = {
        "lock": _CLAIM_LOCK,
        "provider": provider,
        "limit": limit,
        "lease": settings.CHECK_LEASE,
        "is_turn_of_suspects": random.random() < 0.5,
        "now": now,
    }
    with transaction.atomic(), binary_cursor() as cursor:
        at, parked = _lock(cursor, LOCK_PROVIDER, arguments)
        found = cursor.execute(CLAIM_DUE, arguments, prepare=True).fetchall()
    return claimed.read(found, limit=limit, parked=parked, at=at)


def claim_one(integration_id: UUID, *, now: datetime | None = None) -> Claim:
    """Reserve one integration, due or not, paused or not.

    Empty while it is being checked, and when it was parked just now.
    """
    arguments = {
        "lock": _CLAIM_LOCK,
        "integration_id": integration_id,
        "lease": settings.CHECK_LEASE,
        "now": now,
    }
    with transaction.atomic(), binary_cursor() as cursor:
        at, parked = _lock(cursor, LOCK_PROVIDER_OF, arguments)
        if integration_id in parked or at is claimed.NEVER:
            return claimed.nothing(parked=parked)
        found = cursor.execute(CLAIM_ONE, arguments).fetchall()
    return claimed.read(found, limit=1, parked=parked, at=at)


def finish(batch: int | None) -> None:
    """End a claim: what it still holds, and was neither recorded nor released, is due as before."""
    if batch is not None:
        with binary_cursor() as cursor:
            cursor.execute(FINISH, [batch])


def hold(batch: int | None, *, now: datetime | None = None) -> None:
    """Let the lease of a claim begin anew: nobody is dead who would end it."""
    if batch is not None:
        with binary_cursor() as cursor:
            cursor.execute(HOLD, [now, settings.CHECK_LEASE, batch])


def is_being_checked(integration_id: UUID, *, now: datetime | None = None) -> bool:
    """Say whether a worker holds the integration right now."""
    is_held = IS_HELD.format(lease="AND held.leased_until > COALESCE(%(now)s, now())")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM integration_health_checks h"
            f" WHERE h.integration_id = %(integration_id)s AND {is_held}",
            {"integration_id": integration_id, "now": now},
        )
        return cursor.fetchone() is not None


def release(targets: Sequence[CheckTarget], *, wait: timedelta, now: datetime | None = None) -> int:
    """Give back what was claimed and not checked: due again after `wait`; returns how many."""
    if not targets:
        return 0
    arguments: list[Any] = [
        now,
        wait,
        [target.integration_id for target in targets],
        [target.check_seq for target in targets],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE integration_health_checks h
            SET next_check_at = COALESCE(%s, now()) + %s, check_seq = r.check_seq,
                applied_seq = r.check_seq, crash_count = 0
            FROM (
                SELECT integration_id, r.check_seq
                FROM unnest(%s::uuid[], %s::bigint[]) AS r(integration_id, check_seq)
                JOIN integration_health_checks held USING (integration_id)
                ORDER BY integration_id FOR UPDATE OF held
            ) AS r
            WHERE h.integration_id = r.integration_id AND h.check_seq + 1 = r.check_seq
            """,
            arguments,
        )
        return int(cursor.rowcount)


def batches_due(*, now: datetime | None = None) -> dict[str, int]:
    """Return how many batches to wake per provider: enough for what is due, but not a flood."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT p.provider, due.count FROM unnest(%s::text[]) AS p(provider), LATERAL (
                SELECT count(*) FROM (
                    SELECT FROM integration_health_checks h
                    WHERE h.provider = p.provider AND h.enabled
                        AND h.next_check_at <= COALESCE(%s, now())
                        AND {IS_FREE.format(now="COALESCE(%s, now())")}
                    LIMIT %s
                ) AS found
            ) AS due WHERE due.count > 0
            """,
            [
                list(settings.PROVIDERS),
                now,
                now,
                settings.CHECK_BATCH_SIZE * settings.CHECK_WAKE_UPS,
            ],
        )
        return {
            provider: -(-count // settings.CHECK_BATCH_SIZE)
            for provider, count in cursor.fetchall()
        }


def make_due(
    integration_ids: Sequence[UUID], *, spread: timedelta, now: datetime | None = None
) -> int:
    """Make integrations due at once, or evenly over `spread`; returns how many moved.

    Never delays a check that is due sooner. What is being checked right now ends first, and is
    then due again: its result may be older than the reason to look. The version is raised, so that
    the result looks at the row anew.
    """
    arguments: dict[str, Any] = {
        "now": now,
        "spread": spread,
        "integration_ids": list(integration_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE integration_health_checks h
            SET next_check_at =
                LEAST(h.next_check_at, COALESCE(%(now)s, now()) + random() * %(spread)s),
                slot_at = NULL, state_version = h.state_version + 1
            FROM (
                SELECT integration_id FROM integration_health_checks
                WHERE integration_id = ANY(%(integration_ids)s)
                ORDER BY integration_id FOR UPDATE
            ) AS locked
            WHERE h.integration_id = locked.integration_id
            """,
            arguments,
        )
        return int(cursor.rowcount)


def is_recently_healthy(integration_id: UUID, *, now: datetime | None = None) -> bool:
    """Say whether a healthy result is young enough to be reused instead of asking again."""
    arguments: list[Any] = [integration_id, now, settings.REUSE_HEALTHY_FOR]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT FROM integration_health_checks
            WHERE integration_id = %s AND status = 'healthy'
                AND last_check_at > COALESCE(%s, now()) - %s
            """,
            arguments,
        )
        return cursor.fetchone() is not None


def _lock(
    cursor: psycopg.Cursor, sql: str, arguments: dict[str, Any]
) -> tuple[datetime, dict[UUID, UUID]]:
    """Take the turn to claim of a provider; return when, and whom the end of dead claims parked.

    It is never where there is no such integration.
    """
    row = cursor.execute(sql, arguments, prepare=True).fetchone()
    if row is None:
        return claimed.NEVER, {}
    provider, _, at, is_to_reap = row
    if not is_to_reap:
        return at, {}
    try:
        with transaction.atomic():
            cursor.execute(HURRY)
            return at, _reap(cursor, provider, now=arguments["now"])
    except LockNotAvailable:
        # The next claim tries again; what the dead claims held is nobody's until then.
        logger.warning("claims.not_reaped_yet", extra={"provider": provider})
        return at, {}


def _reap(cursor: psycopg.Cursor, provider: str, *, now: datetime | None) -> dict[UUID, UUID]:
    """End the claims whose lease is over; return whom that parked, with their users."""
    arguments = {
        "provider": provider,
        "crashes": PARK_AFTER_CRASHES,
        "parked_for": PARKED_FOR,
        "crash_code": Outcome.INTERNAL_ERROR.value,
        "crash_message": MEANINGS[Outcome.INTERNAL_ERROR].sentence,
        "now": now,
    }
    lost = cursor.execute(REAP, arguments).fetchall()
    parked = {integration_id: user_id for integration_id, user_id, is_poison in lost if is_poison}
    for integration_id in parked:
        logger.error("check.parked", extra={"integration_id": str(integration_id)})
    return parked
