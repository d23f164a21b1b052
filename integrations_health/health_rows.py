"""Read and write the current state of many integrations in one statement each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from integrations_health.binary_sql import binary_cursor
from integrations_health.status import HealthState, Status


class HealthRow(NamedTuple):
    """What the next result needs to know of an integration's current row."""

    integration_id: UUID
    user_id: UUID
    service: str
    check_seq: int
    applied_seq: int
    error_code: str
    error_message: str
    active_since: datetime | None
    status_since: datetime | None
    interval: timedelta
    state: HealthState


class HealthUpdate(NamedTuple):
    """What one applied result writes, in the order of the statement's columns."""

    integration_id: UUID
    applied_seq: int
    status: str
    response_time_ms: int | None
    last_check_at: datetime
    delay_seconds: float
    consecutive_failures: int
    ok_streak: int
    failing_streak: int
    suspected_at: datetime | None
    active_since: datetime | None
    status_since: datetime | None
    error_code: str
    error_message: str
    metadata: str


_LOCK = """
SELECT h.integration_id, h.user_id, h.service, h.check_seq, h.applied_seq,
    h.error_code, h.error_message, h.active_since, h.status_since, i.interval_seconds,
    h.status, h.consecutive_failures, h.ok_streak, h.failing_streak, h.suspected_at
FROM integration_health_checks h JOIN user_integrations i ON i.id = h.integration_id
WHERE h.integration_id = ANY(%b)
-- Ordered: two workers that lock the same rows must not lock them crosswise.
ORDER BY h.integration_id FOR UPDATE OF h
"""
_UPDATE = """
UPDATE integration_health_checks h
SET applied_seq = r.applied_seq, leased_until = NULL, crash_count = 0, parked_at = NULL,
    status = r.status, response_time_ms = r.response_time_ms, last_check_at = r.last_check_at,
    -- No slot: somebody made it due while it was being checked.
    next_check_at = CASE WHEN h.slot_at IS NULL THEN n.at
        ELSE n.at + r.delay_seconds * interval '1 second' END,
    consecutive_failures = r.consecutive_failures, ok_streak = r.ok_streak,
    failing_streak = r.failing_streak, suspected_at = r.suspected_at,
    active_since = r.active_since, status_since = r.status_since,
    error_code = r.error_code, error_message = r.error_message, metadata = r.metadata::jsonb,
    state_version = h.state_version + 1, updated_at = n.at
FROM (SELECT COALESCE(%b::timestamptz, now()) AS at) n, unnest(
    %b::uuid[], %b::bigint[], %b::text[], %b::int[], %b::timestamptz[], %b::float[], %b::int[],
    %b::int[], %b::int[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[], %b::text[],
    %b::text[], %b::text[]
) AS r(integration_id, applied_seq, status, response_time_ms, last_check_at, delay_seconds,
    consecutive_failures, ok_streak, failing_streak, suspected_at, active_since, status_since,
    error_code, error_message, metadata)
WHERE h.integration_id = r.integration_id
"""


def lock(integration_ids: Iterable[UUID]) -> dict[UUID, HealthRow]:
    """Return the rows by integration, locked until the transaction ends; missing ones are gone."""
    with binary_cursor() as cursor:
        cursor.execute(_LOCK, [list(integration_ids)], prepare=True)
        return {
            row[0]: HealthRow._make(
                (
                    *row[:9],
                    timedelta(seconds=row[9]),
                    HealthState(
                        status=Status(row[10]),
                        consecutive_failures=row[11],
                        ok_streak=row[12],
                        failing_streak=row[13],
                        suspected_at=row[14],
                    ),
                )
            )
            for row in cursor.fetchall()
        }


def update(updates: Sequence[HealthUpdate], *, now: datetime | None = None) -> None:
    """Write all updates in one statement. The rows are locked by the caller."""
    if not updates:
        return
    columns = [list(column) for column in zip(*updates, strict=True)]
    with binary_cursor() as cursor:
        cursor.execute(_UPDATE, [now, *columns], prepare=True)
