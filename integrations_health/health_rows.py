"""Read and write the current state of many integrations in one statement each."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from msgspec import Struct

from integrations_health.binary_arrays import bigints, floats, ints
from integrations_health.binary_sql import binary_cursor
from integrations_health.status import HealthState, Status


class HealthRow(Struct, frozen=True, gc=False):
    """What the next result needs to know of an integration's current row."""

    state: HealthState
    interval: timedelta
    # From here on in the order of COLUMNS.
    integration_id: UUID
    user_id: UUID
    service: str
    provider: str
    check_seq: int
    applied_seq: int
    state_version: int
    error_code: str
    error_message: str
    active_since: datetime | None
    # Somebody made it due, and no result was recorded since.
    is_wanted: bool


class Face(Struct, frozen=True, gc=False):
    """The part of a result that most checks of a sweep share: it is sent once for all of them."""

    status: Status
    last_check_at: datetime
    response_time_ms: int | None
    consecutive_failures: int
    failing_streak: int
    suspected_at: datetime | None
    error_code: str
    error_message: str
    metadata: str


class HealthUpdate(Struct, frozen=True, gc=False):
    """What one applied result writes. What few values stand for many rows is in its `face`."""

    integration_id: UUID
    check_seq: int
    state_version: int
    delay_seconds: float
    ok_streak: int
    active_since: datetime | None
    face: Face


# What a statement on health rows `h` and their integrations `i` returns for `read`.
COLUMNS = """
    h.integration_id, h.user_id, h.service, h.provider, h.check_seq, h.applied_seq,
    h.state_version, h.error_code, h.error_message, h.active_since, h.slot_at IS NULL,
    i.interval_seconds, h.status, h.consecutive_failures, h.ok_streak, h.failing_streak,
    h.suspected_at
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
_LOCK_FREE = """
SELECT integration_id FROM integration_health_checks WHERE integration_id = ANY(%b)
ORDER BY integration_id FOR UPDATE SKIP LOCKED
"""
# The rows are locked in a subquery because an UPDATE takes them in whatever order its plan has: all
# of them, those too that will not fit, since whoever fits them next locks them again.
_APPLY = """
WITH faces AS MATERIALIZED (
    SELECT number, status, last_check_at, response_time_ms, consecutive_failures, failing_streak,
        suspected_at, error_code, error_message, metadata::jsonb
    FROM unnest(%b::text[], %b::timestamptz[], %b::int[], %b::int[], %b::int[], %b::timestamptz[],
        %b::text[], %b::text[], %b::text[]) WITH ORDINALITY AS sent(status, last_check_at,
        response_time_ms, consecutive_failures, failing_streak, suspected_at, error_code,
        error_message, metadata, number)
)
UPDATE integration_health_checks h
SET check_seq = r.check_seq, applied_seq = r.check_seq, crash_count = 0, parked_at = NULL,
    status = r.status, response_time_ms = r.response_time_ms, last_check_at = r.last_check_at,
    slot_at = h.next_check_at,
    next_check_at = n.at + r.delay_seconds * interval '1 second',
    consecutive_failures = r.consecutive_failures, ok_streak = r.ok_streak,
    failing_streak = r.failing_streak, suspected_at = r.suspected_at,
    active_since = r.active_since,
    status_since = CASE WHEN h.status = r.status THEN h.status_since ELSE r.last_check_at END,
    error_code = r.error_code, error_message = r.error_message, metadata = r.metadata,
    state_version = h.state_version + 1, updated_at = n.at
FROM (SELECT COALESCE(%b::timestamptz, now()) AS at) n, (
    SELECT held.ctid, told.*, faces.* FROM unnest(
        %b::uuid[], %b::bigint[], %b::bigint[], %b::float[], %b::int[], %b::timestamptz[], %b::int[]
    ) AS told(integration_id, check_seq, state_version, delay_seconds, ok_streak, active_since,
        face)
    JOIN faces ON faces.number = told.face
    JOIN integration_health_checks held ON held.integration_id = told.integration_id
    ORDER BY told.integration_id FOR UPDATE OF held
) r
-- A row that somebody wrote while this waited for its lock has another place: it does not fit.
WHERE h.ctid = r.ctid AND h.check_seq + 1 = r.check_seq AND h.state_version = r.state_version
RETURNING h.integration_id
"""


# In the order in which the statement takes them, after the status.
_SHARED = tuple(map(attrgetter, Face.__struct_fields__[1:]))


def read(columns: Sequence[Any]) -> HealthRow:
    """Return the row whose `COLUMNS` a statement returned, and nothing else."""
    state = HealthState(_STATUSES[columns[12]], *columns[13:])
    return HealthRow(state, _seconds(columns[11]), *columns[:11])


def versions(rows: Mapping[UUID, HealthRow]) -> dict[UUID, int]:
    """Return of which version each row is."""
    return {integration_id: row.state_version for integration_id, row in rows.items()}


# Most integrations have the same interval.
@lru_cache(maxsize=1_000)
def _seconds(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def lock(integration_ids: Iterable[UUID]) -> dict[UUID, HealthRow]:
    """Return the rows by integration, locked until the transaction ends; missing ones are gone."""
    with binary_cursor() as cursor:
        cursor.execute(_LOCK, [list(integration_ids)], prepare=True)
        return {row[0]: read(row) for row in cursor.fetchall()}


def lock_free(integration_ids: Iterable[UUID]) -> set[UUID]:
    """Lock the rows that nobody holds, until the transaction ends; return their integrations."""
    with binary_cursor() as cursor:
        cursor.execute(_LOCK_FREE, [list(integration_ids)])
        return {integration_id for (integration_id,) in cursor.fetchall()}


def apply(updates: Sequence[HealthUpdate], *, now: datetime | None = None) -> set[UUID]:
    """Write all updates in one statement; return the integrations whose row did not take its own.

    A row takes it while it is as the update's maker read it: its `check_seq` is the number before
    the update's, and its state is the same version. All the rows are locked, in order, until the
    transaction ends.
    """
    if not updates:
        return set()
    numbers: dict[Face, int] = {}
    told = [numbers.setdefault(update.face, len(numbers) + 1) for update in updates]
    # An enumeration would travel by its name.
    statuses = [face.status.value for face in numbers]
    sent = [list(map(read_field, numbers)) for read_field in _SHARED]
    ids = [update.integration_id for update in updates]
    own = [
        ids,
        bigints([update.check_seq for update in updates]),
        bigints([update.state_version for update in updates]),
        floats([update.delay_seconds for update in updates]),
        ints([update.ok_streak for update in updates]),
        [update.active_since for update in updates],
        ints(told),
    ]
    with binary_cursor() as cursor:
        cursor.execute(_APPLY, [statuses, *sent, now, *own], prepare=True)
        if cursor.rowcount == len(updates):
            return set()
        return set(ids) - {integration_id for (integration_id,) in cursor.fetchall()}
