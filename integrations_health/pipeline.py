"""The life of a batch, from the claim to the history row."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, transaction

from integrations_health import (
    budget,
    checker,
    entries,
    health_rows,
    history,
    live,
    network,
    partitions,
    pooled_connection,
    schedule,
)
from integrations_health.budget import Lane
from integrations_health.checker import Findings
from integrations_health.crash_points import crash_point
from integrations_health.health_rows import HealthUpdate
from integrations_health.history import HistoryRow
from integrations_health.models import HealthCheck
from integrations_health.outcomes import CheckResult, Transition
from integrations_health.schedule import Claim
from integrations_health.status import Status

logger = logging.getLogger(__name__)

RETURN_AFTER_FAILURE = timedelta(seconds=60)
RECORD_ATTEMPTS = 3


class AlreadyRunning(Exception):
    """The integration is being checked right now, so no second check was started."""


class Parked(Exception):
    """The integration's check has crashed the worker three times: it rests for an hour."""


class Checked(NamedTuple):
    """One check that somebody asked for: the row before and after, and what was found.

    `result` is None when a healthy result younger than a minute was reused instead.
    """

    result: CheckResult | None
    before: Status
    health: HealthCheck

    @property
    def is_reused(self) -> bool:
        """Say whether no call was made."""
        return self.result is None


def run(provider: str, *, now: datetime | None = None) -> bool:
    """Take one batch of a provider from top to bottom; say whether more may be due.

    `now` replaces the database's clock in tests.
    """
    limit = min(settings.CHECK_BATCH_SIZE, budget.room(provider, now=now))
    if limit <= 0:
        return False
    claim = schedule.claim_due(provider, limit=limit, now=now)
    crash_point("after_claim")
    if claim.targets:
        _finish(provider, claim, lane=Lane.SWEEP, now=now)
    for integration_id in claim.parked:
        logger.error("check.parked", extra={"integration_id": str(integration_id)})
    return claim.is_full


def check_one(
    integration_id: UUID, *, is_fresh: bool = False, now: datetime | None = None
) -> Checked:
    """Check one integration now and return what was found.

    A healthy result younger than a minute is reused, unless `is_fresh`, and moves no counter.
    Raises HealthCheck.DoesNotExist, AlreadyRunning, Parked, and budget.Spent when nothing may be
    asked.
    """
    before = HealthCheck.objects.get(integration_id=integration_id)
    if not is_fresh and schedule.is_recently_healthy(integration_id, now=now):
        return Checked(None, Status(before.status), before)
    claim = schedule.claim_one(integration_id, now=now)
    if claim.parked:
        raise Parked
    if not claim.targets:
        raise AlreadyRunning
    probing = claim._replace(targets=[replace(claim.targets[0], is_probe_due=True)])
    findings = _finish(before.provider, probing, lane=Lane.MANUAL, now=now)
    if not findings.results:
        raise budget.Spent
    after = HealthCheck.objects.get(integration_id=integration_id)
    return Checked(findings.results[0], Status(before.status), after)


def _finish(provider: str, claim: Claim, *, lane: Lane, now: datetime | None) -> Findings:
    """Ask, record, and give back what had no turn."""
    client = network.provider(provider)
    allotment = budget.reserve(
        provider, calls=checker.calls_for(client, claim.targets), lane=lane, now=now
    )
    try:
        pooled_connection.let_go()
        findings = network.run(
            checker.check(client, claim.targets, allotment=allotment, claimed_at=claim.claimed_at)
        )
        crash_point("after_asking")
        record(findings.results, now=now)
    except Exception:
        # Only a dead process leaves its claims to the lease, and marks them: this one still lives.
        schedule.release(claim.targets, wait=RETURN_AFTER_FAILURE, now=now)
        raise
    crash_point("after_recording")
    schedule.release(findings.deferred, wait=findings.wait_of_deferred, now=now)
    budget.settle(provider, allotment, rate_limit=client.rate_limit, wait=findings.wait, now=now)
    return findings


def record(results: Sequence[CheckResult], *, now: datetime | None = None) -> list[Transition]:
    """Decide and remember: all of it in one transaction, each result once, in any order.

    A result counts when it belongs to the newest claim of its integration and was not applied yet;
    a late one only adds history; what was seen before, or whose integration is gone, is dropped.
    """
    if not results:
        return []
    for _ in range(RECORD_ATTEMPTS - 1):
        try:
            return _record(results, now=now)
        except history.MonthMissing as missing:
            # History has no default partition: whoever finds a month missing makes it.
            months = [str(month) for month in missing.months]
            logger.warning("history.month_missing", extra={"months": months})
            for month in missing.months:
                partitions.ensure(history.TABLE, month)
        except OperationalError as error:
            if connection.in_atomic_block:
                raise
            # A lock that somebody held, a deadlock, a connection that was cut: each result counts
            # once, so telling it again is safe.
            logger.warning("results.not_recorded_yet", extra={"reason": type(error).__name__})
            connection.close()
    return _record(results, now=now)


@transaction.atomic
def _record(results: Sequence[CheckResult], *, now: datetime | None) -> list[Transition]:
    rows = health_rows.lock([result.integration_id for result in results])
    updates: list[HealthUpdate] = []
    finished: list[HistoryRow] = []
    late: list[HistoryRow] = []
    transitions: list[Transition] = []
    seen: set[UUID] = set()
    for result in results:
        row = rows.get(result.integration_id)
        if row is None or result.check_seq == row.applied_seq or result.check_id in seen:
            continue
        seen.add(result.check_id)
        if result.check_seq < row.check_seq:
            late.append(entries.late(row, result))
            continue
        update = entries.current(row, result)
        updates.append(update)
        finished.append(entries.finished(row, result, update))
        if update.status != row.state.status:
            transitions.append(entries.transition(row, result, update))
    health_rows.update(updates, now=now)
    history.append(finished)
    history.append_late(late)
    transaction.on_commit(
        partial(
            live.push, {one.integration_id: rows[one.integration_id].user_id for one in updates}
        )
    )
    crash_point("before_commit")
    return transitions
