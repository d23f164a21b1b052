"""What is due, and who takes it."""

import logging
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from integrations_health import fields, health_rows
from integrations_health.binary_sql import binary_cursor
from integrations_health.claim_sql import CLAIM_DUE, CLAIM_ONE
from integrations_health.health_rows import HealthRow
from integrations_health.outcomes import MEANINGS, CheckTarget, Outcome

logger = logging.getLogger(__name__)

PARK_AFTER_CRASHES = 3
PARKED_FOR = timedelta(hours=1)


class Claim(NamedTuple):
    """What a worker took: nobody else takes it before the lease ends.

    `rows` are the targets' current rows, by integration, as the claim left them. `claimed_at` is
    the database's clock; `parked` are the integrations that were not handed out because their
    check crashed the worker too often, with their users; `is_full` says that more may be due.
    """

    targets: list[CheckTarget]
    rows: dict[UUID, HealthRow]
    parked: dict[UUID, UUID]
    claimed_at: datetime
    is_full: bool


def claim_due(provider: str, *, limit: int, now: datetime | None = None) -> Claim:
    """Reserve up to `limit` due integrations of a provider for `CHECK_LEASE`, oldest first.

    One statement. `now` replaces the database's clock in tests. A row whose check has crashed its
    worker three times is parked for an hour with status `unknown` instead of being handed out.
    """
    return _claim(CLAIM_DUE, {"provider": provider, "limit": limit, "now": now})


def claim_one(integration_id: UUID, *, now: datetime | None = None) -> Claim:
    """Reserve one integration, due or not, paused or not; empty while it is being checked."""
    return _claim(CLAIM_ONE, {"integration_id": integration_id, "limit": 1, "now": now})


def release(targets: Sequence[CheckTarget], *, wait: timedelta, now: datetime | None = None) -> int:
    """Give back claims that were not checked: due again after `wait`; returns how many."""
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
            SET next_check_at = COALESCE(%s, now()) + %s, leased_until = NULL,
                applied_seq = r.check_seq, crash_count = 0
            FROM (SELECT * FROM unnest(%s::uuid[], %s::bigint[]) AS r(integration_id, check_seq)
                  ORDER BY integration_id) r
            WHERE h.integration_id = r.integration_id AND h.check_seq = r.check_seq
                AND h.applied_seq < r.check_seq
            """,
            arguments,
        )
        return int(cursor.rowcount)


def batches_due(*, now: datetime | None = None) -> dict[str, int]:
    """Return how many batches to wake per provider: enough for what is due, but not a flood."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.provider, due.count FROM unnest(%s::text[]) AS p(provider), LATERAL (
                SELECT count(*) FROM (
                    SELECT FROM integration_health_checks h
                    WHERE h.provider = p.provider AND h.enabled
                        AND h.next_check_at <= COALESCE(%s, now())
                        AND (h.leased_until IS NULL OR h.leased_until <= COALESCE(%s, now()))
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
    then due again: its result may be older than the reason to look.
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
                slot_at = NULL
            FROM (
                SELECT id FROM integration_health_checks
                WHERE integration_id = ANY(%(integration_ids)s)
                ORDER BY integration_id FOR UPDATE
            ) AS locked
            WHERE h.id = locked.id
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


def _claim(sql: str, arguments: dict[str, Any]) -> Claim:
    with transaction.atomic(), binary_cursor() as cursor:
        cursor.execute(
            sql,
            {
                "lease": settings.CHECK_LEASE,
                "crashes": PARK_AFTER_CRASHES,
                "parked_for": PARKED_FOR,
                "crash_code": Outcome.INTERNAL_ERROR.value,
                "crash_message": MEANINGS[Outcome.INTERNAL_ERROR].sentence,
                "is_turn_of_suspects": random.random() < 0.5,
                **arguments,
            },
        )
        found = cursor.fetchall()
    targets: list[CheckTarget] = []
    rows: dict[UUID, HealthRow] = {}
    parked: dict[UUID, UUID] = {}
    claimed_at, oldest = datetime.min.replace(tzinfo=UTC), 0
    for columns in found:
        row = health_rows.read(columns[: health_rows.WIDTH])
        claimed_at, oldest, is_poison, *asked_with = columns[health_rows.WIDTH :]
        if is_poison:
            parked[row.integration_id] = row.user_id
            logger.error("check.parked", extra={"integration_id": str(row.integration_id)})
        else:
            targets.append(_target(row, asked_with))
            rows[row.integration_id] = row
    is_full = oldest >= arguments["limit"] or oldest > len(found)
    return Claim(targets, rows, parked, claimed_at, is_full)


def _target(row: HealthRow, asked_with: Sequence[Any]) -> CheckTarget:
    return CheckTarget(
        integration_id=row.integration_id,
        check_seq=row.check_seq,
        service=row.service,
        provider=asked_with[0],
        server_instance_id=asked_with[1],
        provider_user_id=asked_with[2],
        auth_config_id=asked_with[3],
        server_url=_secret(asked_with[4], integration_id=row.integration_id),
        server_token=_secret(asked_with[5], integration_id=row.integration_id),
        probe_tool=asked_with[6],
        probe_arguments=asked_with[7],
        is_probe_due=asked_with[8],
        was_connected=asked_with[9],
        connected_at=asked_with[10],
    )


def _secret(stored: str, *, integration_id: UUID) -> str:
    try:
        return fields.decrypt(stored)
    except fields.UnreadableSecret:
        # One row's unreadable secret must not stop its batch; without it the provider's client
        # refuses the target, which is a misconfiguration of ours.
        logger.exception("secret.unreadable", extra={"integration_id": str(integration_id)})
        return ""
