"""What results write: the new current states, and their lines in the history."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from integrations_health import evidence_json
from integrations_health.check_ids import jitter
from integrations_health.health_rows import Face, HealthRow, HealthUpdate
from integrations_health.history import HistoryRow
from integrations_health.outcomes import (
    GRACE_AFTER_CONNECT,
    MEANINGS,
    CheckResult,
    Observation,
    Outcome,
    Transition,
    clamped_wait,
)
from integrations_health.status import Status, Vote, advance, is_confirmed

_ABSTAINS, _FAILING, _HEALTHY, _SUSPECT = Vote.ABSTAINS, Vote.FAILING, Vote.HEALTHY, Vote.SUSPECT
_OK, _PENDING = Outcome.OK, Outcome.PENDING
# What the history says of an outcome: its name, its sentence and its code.
_WRITTEN = {
    outcome: (outcome.value, meaning.sentence, "" if outcome is _OK else outcome.value)
    for outcome, meaning in MEANINGS.items()
}
LOOK_AGAIN_AFTER_OUR_FAULT = timedelta(seconds=60)

_FACE_OF_LATE = {
    Vote.HEALTHY: Status.HEALTHY,
    Vote.DEGRADED: Status.DEGRADED,
    Vote.FAILING: Status.DEGRADED,
    Vote.SUSPECT: Status.DEGRADED,
    Vote.UNHEALTHY: Status.UNHEALTHY,
}


class Decision(Struct, frozen=True, gc=False):
    """What a result, by its vote, makes of the row that it answers."""

    row: HealthRow
    result: CheckResult
    vote: Vote
    status: Status
    update: HealthUpdate

    @property
    def is_change(self) -> bool:
        """Say whether the status is another one now."""
        return self.status is not self.row.state.status


def decide(
    results: Sequence[CheckResult],
    rows: Mapping[UUID, HealthRow],
    *,
    claimed: Mapping[UUID, int] | None = None,
) -> tuple[list[Decision], list[CheckResult]]:
    """Decide on what answers the claim of its row, once; return the others as they are.

    `rows` are as the claim read them, or as they are now; then `claimed` are the versions of the
    former. What was made due between the two is due again at once: its result may be older than the
    reason to look.
    """
    decisions: list[Decision] = []
    others: list[CheckResult] = []
    open_claims = dict(rows)
    for result in results:
        id = result.integration_id
        row = open_claims.get(id)
        if row is None or result.check_seq != row.check_seq + 1:
            others.append(result)
            continue
        del open_claims[id]
        decision = _decide(row, result)
        if claimed is not None and row.is_wanted and claimed.get(id) != row.state_version:
            decision = replace(decision, update=replace(decision.update, delay_seconds=0.0))
        decisions.append(decision)
    return decisions, others


def sooner(decision: Decision, *, by: timedelta) -> Decision:
    """Return a decision after which the next check comes so much sooner."""
    update = decision.update
    delay_seconds = update.delay_seconds - by.total_seconds()
    return replace(decision, update=replace(update, delay_seconds=delay_seconds))


def late(results: Sequence[CheckResult], rows: Mapping[UUID, HealthRow]) -> list[HistoryRow]:
    """Return the history of results whose number was used up meanwhile, and drop all others.

    Those are results that were applied before, and those whose integration is gone.
    """
    return [
        _history(row, result, _FACE_OF_LATE.get(result.vote, row.state.status).value)
        for result in results
        if (row := rows.get(result.integration_id)) is not None
        and result.check_seq <= row.check_seq
        and result.check_seq != row.applied_seq
    ]


def finished(decision: Decision) -> HistoryRow:
    """Return the history of a result that was applied."""
    return _history(decision.row, decision.result, decision.status.value)


def transition(decision: Decision) -> Transition:
    """Return the change of status that a result made."""
    row, result = decision.row, decision.result
    return Transition(
        row.integration_id, row.state.status, decision.status, result.checked_at, result.outcome
    )


def observation(decision: Decision) -> Observation:
    """Return what the rules of alerts look at of a result that was applied."""
    row, result = decision.row, decision.result
    return Observation(
        integration_id=row.integration_id,
        user_id=row.user_id,
        service=row.service,
        old=row.state.status,
        new=decision.status,
        outcome=result.outcome,
        vote=decision.vote,
        consecutive_failures=decision.update.face.consecutive_failures,
        response_time_ms=result.response_time_ms,
        at=result.checked_at,
        is_sure=decision.vote is not _SUSPECT
        or is_confirmed(decision.update.face.suspected_at, at=result.checked_at),
    )


# Every check comes through here: values by place, not by name, which takes twice as long.
def _decide(row: HealthRow, result: CheckResult) -> Decision:
    vote = result.vote
    if vote is _FAILING and _is_being_set_up(row):
        vote = _ABSTAINS
    change = advance(
        row.state,
        vote,
        at=result.checked_at,
        interval=row.interval,
        jitter=jitter(result.check_id),
        wait=_wait(result) if vote is _ABSTAINS else None,
    )
    state = change.state
    code, message = ("", "") if vote is _HEALTHY else _error(row, result, vote)
    face = Face(
        state.status,
        result.checked_at,
        result.response_time_ms,
        state.consecutive_failures,
        state.failing_streak,
        state.suspected_at,
        code,
        message,
        evidence_json.metadata(
            result.outcome, result.server_status, result.is_probed, result.evidence
        ),
    )
    update = HealthUpdate(
        row.integration_id,
        result.check_seq,
        row.state_version,
        change.delay_seconds,
        state.ok_streak,
        _active_since(row, result),
        face,
    )
    return Decision(row, result, vote, state.status, update)


def _is_being_set_up(row: HealthRow) -> bool:
    # Who was never connected loses nothing by a provider that fails.
    is_pending = row.error_code == Outcome.PENDING and row.state.status is Status.UNKNOWN
    return is_pending and row.active_since is None


def _wait(result: CheckResult) -> timedelta | None:
    match result.outcome:
        case Outcome.RATE_LIMITED:
            return clamped_wait(result.wait)
        case Outcome.PENDING:
            return GRACE_AFTER_CONNECT if result.is_active else None
        case Outcome.INTERNAL_ERROR:
            return LOOK_AGAIN_AFTER_OUR_FAULT
        case _:
            return None


def _error(row: HealthRow, result: CheckResult, vote: Vote) -> tuple[str, str]:
    stands = row.state.status in {Status.DEGRADED, Status.UNHEALTHY} or vote is not result.vote
    if vote is Vote.ABSTAINS and stands:
        # The reason of the status that stands; why this check said nothing is in the evidence.
        return row.error_code, row.error_message
    return result.outcome.value, MEANINGS[result.outcome].sentence


def _active_since(row: HealthRow, result: CheckResult) -> datetime | None:
    if result.is_active is False:
        return None
    if row.active_since is not None or row.error_code != _PENDING:
        return row.active_since
    return result.checked_at if result.is_active else None


def _history(row: HealthRow, result: CheckResult, status: str) -> HistoryRow:
    outcome, message, code = _WRITTEN[result.outcome]
    return HistoryRow(
        result.check_id,
        row.integration_id,
        row.user_id,
        row.service,
        status,
        outcome,
        result.response_time_ms,
        result.checked_at,
        message,
        code,
    )
