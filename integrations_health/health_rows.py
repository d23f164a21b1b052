"""Read and write the current state of many integrations in one statement each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
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
    state_version: int
    error_code: str
    error_message: str
    active_since: datetime | None
    status_since: datetime | None
    interval: timedelta
    state: HealthState


class HealthUpdate(NamedTuple):
    """What one applied result writes, in the order of the statement's columns."""

    integration_id: UUID
    check_seq: int
    state_version: int
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


# What a statement on health rows `h` and their integrations `i` returns for `read`.
COLUMNS = """
    h.integration_id, h.user_id, h.service, h.check_seq, h.applied_seq, h.state_version,
    h.error_code, h.error_message, h.active_since, h.status_since, i.interval_seconds,
    h.status, h.consecutive_failures, h.ok_streak, h.failing_streak, h.suspected_at
"""
WIDTH = COLUMNS.count(",") + 1
_STATUSES = {status.value: status for status in Status}

_LOCK = f"""
SELECT {COLUMNS}
FROM integration_health_checks h JOIN user_integrations i ON i.id = h.integration_id
WHERE h.integration_id = ANY(%b)
-- Ordered: two workers that lock the same rows must not lock them crosswise.
ORDER BY h.integration_id FOR UPDATE OF h
"""
# The rows are locked in a subquery because an UPDATE takes them in whatever order its plan has.
_APPLY = """
UPDATE integration_health_checks h
SET applied_seq = r.check_seq, leased_until = NULL, crash_count = 0, parked_at = NULL,
    status = r.status, response_time_ms = r.response_time_ms, last_check_at = r.last_check_at,
    -- No slot: somebody made it due while it was being checked.
    next_check_at = CASE WHEN h.slot_at IS NULL THEN n.at
        ELSE n.at + r.delay_seconds * interval '1 second' END,
    consecutive_failures = r.consecutive_failures, ok_streak = r.ok_streak,
    failing_streak = r.failing_streak, suspected_at = r.suspected_at,
    active_since = r.active_since, status_since = r.status_since,
    error_code = r.error_code, error_message = r.error_message, metadata = r.metadata::jsonb,
    state_version = h.state_version + 1, updated_at = n.at
FROM (SELECT COALESCE(%b::timestamptz, now()) AS at) n, (
    SELECT held.id, told.* FROM unnest(
        %b::uuid[], %b::bigint[], %b::bigint[], %b::text[], %b::int[], %b::timestamptz[],
        %b::float[], %b::int[], %b::int[], %b::int[], %b::timestamptz[], %b::timestamptz[],
        %b::timestamptz[], %b::text[], %b::text[], %b::text[]
    ) AS told(integration_id, check_seq, state_version, status, response_time_ms, last_check_at,
        delay_seconds, consecutive_failures, ok_streak, failing_streak, suspected_at, active_since,
        status_since, error_code, error_message, metadata)
    JOIN integration_health_checks held ON held.integration_id = told.integration_id
    ORDER BY told.integration_id FOR UPDATE OF held
) r
WHERE h.id = r.id AND h.check_seq = r.check_seq AND h.applied_seq < r.check_seq
    AND h.state_version = r.state_version
RETURNING h.integration_id
"""


def read(columns: Sequence[Any]) -> HealthRow:
    """Return the row whose `COLUMNS` a statement returned, and nothing else."""
    return HealthRow._make(
        (
            *columns[:10],
            timedelta(seconds=columns[10]),
            HealthState(_STATUSES[columns[11]], *columns[12:]),
        )
    )


def lock(integration_ids: Iterable[UUID]) -> dict[UUID, HealthRow]:
    """Return the rows by integration, locked until the transaction ends; missing ones are gone."""
    with binary_cursor() as cursor:
        cursor.execute(_LOCK, [list(integration_ids)], prepare=True)
        return {row[0]: read(row) for row in cursor.fetchall()}


def apply(updates: Sequence[HealthUpdate], *, now: datetime | None = None) -> set[UUID]:
    """Write all updates in one statement; return the integrations whose row did not take its own.

    A row takes it while it is as the update's maker read it: its newest claim is the one that was
    answered, no answer was applied, and its state is the same version. All the rows are locked,
    in order, until the transaction ends.
    """
    if not updates:
        return set()
    columns = [list(column) for column in zip(*updates, strict=True)]
    with binary_cursor() as cursor:
        cursor.execute(_APPLY, [now, *columns], prepare=True)
        if cursor.rowcount == len(updates):
            return set()
        return set(columns[0]) - {integration_id for (integration_id,) in cursor.fetchall()}
