"""What a worker took to check, read from the rows of the statement that took it."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from integrations_health import fields, health_rows
from integrations_health.health_rows import HealthRow
from integrations_health.outcomes import CheckTarget

logger = logging.getLogger(__name__)

NEVER = datetime.min.replace(tzinfo=UTC)


class Claim(NamedTuple):
    """What a worker took: nobody else takes it before the lease ends.

    `batch` is the id under which it is held, None when nothing was taken. `rows` are the targets'
    rows as the claim read them, by integration. `claimed_at` is the database's clock; `parked` are
    integrations that were put aside meanwhile because their check crashed the worker too often,
    with their users; `is_full` says that more may be due.
    """

    batch: int | None
    targets: list[CheckTarget]
    rows: dict[UUID, HealthRow]
    parked: dict[UUID, UUID]
    claimed_at: datetime
    is_full: bool

    def with_probes(self) -> "Claim":
        """Return the same claim with a probe due for every target, whatever its policy."""
        targets = [replace(target, is_probe_due=True) for target in self.targets]
        return self._replace(targets=targets)


def read(
    found: Sequence[Sequence[Any]], *, limit: int, parked: dict[UUID, UUID], at: datetime
) -> Claim:
    """Return the claim of up to `limit` integrations that a statement of `claim_sql` answered."""
    if not found:
        return nothing(parked=parked)
    targets: list[CheckTarget] = []
    rows: dict[UUID, HealthRow] = {}
    for columns in found:
        row = health_rows.read(columns[: health_rows.WIDTH])
        rows[row.integration_id] = row
        targets.append(_target(row, columns[health_rows.WIDTH : -2]))
    batch, suspects = found[0][-2:]
    return Claim(
        batch=batch,
        targets=targets,
        rows=rows,
        parked=parked,
        claimed_at=at,
        # A suspect is taken alone, and instead of it, or beside it, there may be others.
        is_full=len(found) >= limit or suspects > 0,
    )


def nothing(*, parked: dict[UUID, UUID]) -> Claim:
    """Return the claim of nothing."""
    return Claim(None, [], {}, parked, NEVER, is_full=False)


def _target(row: HealthRow, asked_with: Sequence[Any]) -> CheckTarget:
    # What a statement returned is known by its place.
    target = CheckTarget(
        row.integration_id, row.check_seq + 1, row.provider, row.service, *asked_with
    )
    if not target.server_url and not target.server_token:
        return target
    return replace(
        target,
        server_url=_secret(target.server_url, of=row),
        server_token=_secret(target.server_token, of=row),
    )


def _secret(stored: str, *, of: HealthRow) -> str:
    try:
        return fields.decrypt(stored)
    except fields.UnreadableSecret:
        # One row's unreadable secret must not stop its batch; without it the provider's client
        # refuses the target, which is a misconfiguration of ours.
        logger.exception("secret.unreadable", extra={"integration_id": str(of.integration_id)})
        return ""
