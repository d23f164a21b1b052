"""The life of a batch, from the claim to the history row."""

import logging
import random
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import Error, connection, transaction

from alerts import lifecycle, notices
from integrations_health import (
    budget,
    buffer,
    check_counts,
    checker,
    database_faults,
    entries,
    health_rows,
    history,
    live,
    network,
    partitions,
    patience,
    pooled_connection,
    schedule,
)
from integrations_health.allotment import Allotment, Lane
from integrations_health.checker import Findings
from integrations_health.claimed import Claim
from integrations_health.crash_points import crash_point
from integrations_health.entries import Decision
from integrations_health.health_rows import HealthRow
from integrations_health.history import HistoryRow
from integrations_health.models import HealthCheck
from integrations_health.outcomes import CheckResult, Outcome, Transition
from integrations_health.status import Status

logger = logging.getLogger(__name__)

RETURN_AFTER_FAILURE = timedelta(seconds=60)
RECORD_ATTEMPTS = 3
# Between the attempts, and different for each: two that were in each other's way are not so again.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 0.5
# After longer, the task's limit ended the wait for a frozen server: it leaves time to keep results.
RECORD_PATIENCE = timedelta(seconds=10)


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
    _tell_of_parked(provider, claim.parked, now=now)
    if claim.targets:
        _finish(provider, claim, lane=Lane.SWEEP, now=now)
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
    _tell_of_parked(before.provider, claim.parked, now=now)
    if integration_id in claim.parked:
        raise Parked
    if not claim.targets:
        raise AlreadyRunning
    findings = _finish(before.provider, claim.with_probes(), lane=Lane.MANUAL, now=now)
    if not findings.results:
        raise budget.Spent
    after = HealthCheck.objects.get(integration_id=integration_id)
    return Checked(findings.results[0], Status(before.status), after)


def _tell_of_parked(provider: str, parked: Mapping[UUID, UUID], *, now: datetime | None) -> None:
    if parked:
        live.push(parked)
        notices.tell_of_parked(provider, parked, now=now)


def _finish(provider: str, claim: Claim, *, lane: Lane, now: datetime | None) -> Findings:
    """Ask, record, and give back what had no turn."""
    findings, is_kept = Findings([], [], None), False
    allotment: Allotment | None = None
    try:
        client = network.provider(provider)
        errands = network.Errands()
        calls = patience.calls_for(client, claim.targets)
        allotment = budget.reserve(provider, calls=calls, lane=lane, do=errands.do, now=now)
        pooled_connection.let_go()
        findings = network.run(
            checker.check(client, claim.targets, allotment=allotment, claimed_at=claim.claimed_at),
            errands=errands,
        )
        crash_point("after_asking")
        record(findings.results, known=claim.rows, now=now)
        crash_point("after_recording")
        schedule.release(findings.deferred, wait=findings.wait_of_deferred, now=now)
    except Exception as error:
        is_kept = buffer.keep(findings.results, claim, because=error)
        if not is_kept:
            # Only a dead process leaves its claims to the lease, and marks them: this one lives.
            schedule.release(claim.targets, wait=RETURN_AFTER_FAILURE, now=now)
        raise
    finally:
        if not is_kept:
            schedule.finish(claim.batch)
        if allotment is not None and not is_kept:
            # Whatever became of the results, what the provider said of its limit holds.
            # What it said before, and was heeded then, says nothing now.
            told = client.rate_limit if allotment.used else None
            budget.settle(provider, allotment, rate_limit=told, wait=findings.wait, now=now)
    return findings


def record(
    results: Sequence[CheckResult],
    *,
    known: Mapping[UUID, HealthRow] | None = None,
    versions: Mapping[UUID, int] | None = None,
    waited: timedelta = timedelta(),
    now: datetime | None = None,
) -> list[Transition]:
    """Decide and remember: all of it in one transaction, each result once, in any order.

    A result counts when it belongs to the newest claim of its integration and was not applied yet;
    a late one only adds history; what was seen before, or whose integration is gone, is dropped.
    `known` are rows as the claim read them: those that did not change since are not read again. Of
    results that `waited` to be recorded, the `versions` of these rows are known, and the next check
    is when it would have been.
    """
    if not results:
        return []
    gives_up_at = time.monotonic() + RECORD_PATIENCE.total_seconds()
    attempt = partial(_record, results, known or {}, versions, waited, now=now)
    for _ in range(RECORD_ATTEMPTS - 1):
        try:
            return attempt()
        except history.MonthMissing as missing:
            # History has no default partition: whoever finds a month missing makes it.
            logger.warning("history.month_missing", extra={"months": [*map(str, missing.months)]})
            for month in missing.months:
                partitions.ensure(history.TABLE, month)
        except Error as error:
            is_worth_it = database_faults.is_away(error) and time.monotonic() < gives_up_at
            if connection.in_atomic_block or not is_worth_it:
                raise
            # A lock that somebody held, a deadlock, a connection that was cut or leads to a server
            # that only reads: each result counts once, so telling it again is safe.
            logger.warning("results.not_recorded_yet", extra={"reason": type(error).__name__})
            connection.close()
            time.sleep(random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
    return attempt()


@transaction.atomic
def _record(
    results: Sequence[CheckResult],
    known: Mapping[UUID, HealthRow],
    versions: Mapping[UUID, int] | None,
    waited: timedelta,
    now: datetime | None,
) -> list[Transition]:
    decisions, others = entries.decide(results, known)
    if others:
        # All of them, then: rows that are locked in two goes may be locked crosswise.
        decisions, others = [], list(results)
    written, unfit = _write(decisions, now=now)
    others += unfit
    rows: dict[UUID, HealthRow] = {}
    late: list[HistoryRow] = []
    if others:
        rows = health_rows.lock({result.integration_id for result in others})
        claimed = health_rows.versions(known) if versions is None else versions
        decisions, others = entries.decide(others, rows, claimed=claimed)
        decisions = [entries.sooner(decision, by=waited) for decision in decisions]
        written += _write(decisions, now=now)[0]
        late = history.append_late(entries.late(others, rows))
    counted = [(one.row.provider, one.row.service, one.result.outcome) for one in written]
    counted += [
        (rows[one.integration_id].provider, one.service, Outcome(one.outcome)) for one in late
    ]
    check_counts.note(counted)
    # Once, after the last health row is locked: alerts and messages are locked after all of them.
    lifecycle.follow([entries.observation(decision) for decision in written], now=now)
    owners = {decision.row.integration_id: decision.row.user_id for decision in written}
    transaction.on_commit(lambda: live.push(owners))
    crash_point("before_commit")
    return [entries.transition(decision) for decision in written if decision.is_change]


def _write(
    decisions: Sequence[Decision], *, now: datetime | None
) -> tuple[list[Decision], list[CheckResult]]:
    """Write rows and history; return what was, and the results whose row is another by now."""
    missed = health_rows.apply([decision.update for decision in decisions], now=now)
    unfit: list[CheckResult] = []
    if missed:
        unfit = [one.result for one in decisions if one.row.integration_id in missed]
        decisions = [one for one in decisions if one.row.integration_id not in missed]
    history.append([entries.finished(decision) for decision in decisions])
    return list(decisions), unfit
