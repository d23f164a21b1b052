"""Join what the server said and what the probe said into one outcome, with its evidence."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, TypeGuard
from uuid import UUID

from integrations_health import probes
from integrations_health.check_ids import check_id
from integrations_health.outcomes import (
    GRACE_AFTER_CONNECT,
    MEANINGS,
    CheckResult,
    CheckTarget,
    Evidence,
    Finding,
    Outcome,
)
from integrations_health.providers.base import (
    ConnectionState,
    Failure,
    ServerStatus,
    ToolAnswer,
)
from integrations_health.redaction import SafeText, redact
from integrations_health.status import Vote

ServerWord = ServerStatus | Failure | None
ProbeWord = ToolAnswer | Failure | None

# What the provider says of the connection, where no probe can add anything.
_DECIDED: dict[ConnectionState, tuple[Outcome, bool]] = {
    ConnectionState.EXPIRED: (Outcome.AUTH_EXPIRED, True),
    ConnectionState.ABANDONED: (Outcome.AUTH_EXPIRED, True),
    ConnectionState.DISABLED: (Outcome.DISCONNECTED, False),
    ConnectionState.GONE: (Outcome.DISCONNECTED, False),
    ConnectionState.MISCONFIGURED: (Outcome.PROBE_MISCONFIGURED, False),
}
# A member by its class is looked up by a call, three times as long: most accounts are active.
_ACTIVE = ConnectionState.ACTIVE
# Answers that concern us or everybody: whatever else is asked would hear the same.
_FINAL_FAILURES = frozenset({Outcome.KEY_REJECTED, Outcome.RATE_LIMITED})


class Judgement(NamedTuple):
    """The outcome, and whether the provider itself declared it (no second look is needed)."""

    outcome: Outcome
    is_certain: bool = False


def conclude(
    target: CheckTarget,
    server: ServerWord,
    probe: ProbeWord,
    *,
    id: UUID,
    at: datetime,
    slow_after_ms: int,
    secrets: Sequence[str] = (),
) -> CheckResult:
    """Return the result of the check `id` that began at `at`, with its evidence.

    `secrets` are what went out with the calls: an answer that repeats one is redacted of it.
    """
    if probe is None and _is_of_many(server):
        finding = _of_many(server, target.was_connected, slow_after_ms)
    else:
        verdict = judge(target, server, probe, at=at, slow_after_ms=slow_after_ms)
        finding = _finding(verdict, server, probe, secrets=secrets)
    return CheckResult(target.integration_id, target.check_seq, id, at, *finding)


def of_our_bug(target: CheckTarget, *, at: datetime) -> CheckResult:
    """Return the result of a check that our own code broke off."""
    return CheckResult(
        integration_id=target.integration_id,
        check_seq=target.check_seq,
        check_id=check_id(target.integration_id, target.check_seq, at),
        checked_at=at,
        outcome=Outcome.INTERNAL_ERROR,
        evidence=(Evidence(call="our own code", said=_BROKE_OFF),),
    )


def is_good(probe: ProbeWord, *, slow_after_ms: int) -> bool:
    """Say whether a probe proves that the service works, slowly or not."""
    if probe is None:
        return False
    return probes.judge(probe, slow_after_ms=slow_after_ms) in {Outcome.OK, Outcome.SLOW}


def is_final(word: ServerWord | ProbeWord) -> bool:
    """Say whether an answer leaves nothing to ask: our key is refused, or we are to wait."""
    return isinstance(word, Failure) and word.outcome in _FINAL_FAILURES


def needs_probe(target: CheckTarget, server: ServerWord) -> bool:
    """Say whether a probe can still add something to what the server said.

    To "active" it adds something when one is due; to what we know nothing by, always.
    """
    if server is None:
        return True
    if isinstance(server, Failure):
        return not is_final(server)
    if server.state is _ACTIVE:
        return target.is_probe_due
    if server.state is ConnectionState.PENDING:
        return target.was_connected
    return server.state is ConnectionState.UNKNOWN


def judge(
    target: CheckTarget,
    server: ServerWord,
    probe: ProbeWord,
    *,
    at: datetime,
    slow_after_ms: int,
) -> Judgement:
    """Return what the two answers mean together. At least one of them is given.

    Without a probe the server's answer decides, its latency included where it was asked about this
    one connection alone (`server.call.latency_ms` is None for a page of many).
    """
    heard = None if probe is None else probes.judge(probe, slow_after_ms=slow_after_ms)
    state = server.state if isinstance(server, ServerStatus) else None
    # A probe that is ours to mend says nothing against credentials that are no longer there.
    is_mute = state is ConnectionState.PENDING and heard is Outcome.PROBE_MISCONFIGURED
    if heard is None or is_mute or state in _DECIDED:
        return _judge_server(server, target.was_connected, slow_after_ms)
    if state is ConnectionState.PENDING:
        return Judgement(heard if target.was_connected else Outcome.PENDING)
    if _is_in_grace(target, at=at) and MEANINGS[heard].vote not in {Vote.HEALTHY, Vote.ABSTAINS}:
        return Judgement(Outcome.PENDING)
    return Judgement(heard)


def evidence(
    server: ServerWord, probe: ProbeWord, *, secrets: Sequence[str] = ()
) -> tuple[Evidence, ...]:
    """Return which call said what, redacted, in the order in which they explain the outcome."""
    heard = []
    if server is not None:
        heard.append(_evidence_of_server(server, secrets))
    if probe is not None:
        heard.append(_evidence_of_probe(probe, secrets))
    return tuple(heard)


def server_word(server: ServerWord) -> SafeText | None:
    """Return the provider's own word for the connection, redacted; None when it said none."""
    return redact(server.said) if isinstance(server, ServerStatus) and server.said else None


def is_active(server: ServerWord) -> bool | None:
    """Say whether the provider calls the connection active; None when it said nothing."""
    if not isinstance(server, ServerStatus):
        return None
    return server.state is ConnectionState.ACTIVE


def _judge_server(server: ServerWord, was_connected: bool, slow_after_ms: int) -> Judgement:
    if isinstance(server, Failure):
        return Judgement(server.outcome)
    state = ConnectionState.UNKNOWN if server is None else server.state
    if state is ConnectionState.ABANDONED and not was_connected:
        # No grant is dead that never was.
        return Judgement(Outcome.PENDING)
    if state in _DECIDED:
        return Judgement(*_DECIDED[state])
    if state is ConnectionState.PENDING:
        # "No credentials" of somebody who once was connected is no set-up in progress.
        return Judgement(Outcome.AUTH_EXPIRED if was_connected else Outcome.PENDING)
    if server is None or state is not ConnectionState.ACTIVE:
        # A word we do not know, and no probe to ask instead: our table needs an update.
        return Judgement(Outcome.PROBE_MISCONFIGURED)
    latency = server.call.latency_ms
    is_slow = latency is not None and latency > slow_after_ms
    return Judgement(Outcome.SLOW if is_slow else Outcome.OK)


def _is_of_many(server: ServerWord) -> TypeGuard[ServerStatus]:
    return isinstance(server, ServerStatus) and not server.reason and server.call.latency_ms is None


# One page says the very same of most of its accounts. No secret of ours went out for any of them.
@lru_cache(maxsize=1_000)
def _of_many(server: ServerStatus, was_connected: bool, slow_after_ms: int) -> Finding:
    return _finding(_judge_server(server, was_connected, slow_after_ms), server, None)


def _finding(
    verdict: Judgement, server: ServerWord, probe: ProbeWord, *, secrets: Sequence[str] = ()
) -> Finding:
    words = (probe, server)
    waits = [word.retry_after for word in words if isinstance(word, Failure) and word.retry_after]
    measured = probe if probe is not None else server
    return Finding(
        outcome=verdict.outcome,
        evidence=evidence(server, probe, secrets=secrets),
        response_time_ms=None if measured is None else measured.call.latency_ms,
        server_status=server_word(server),
        is_active=is_active(server),
        is_certain=verdict.is_certain,
        is_probed=probe is not None,
        wait=max(waits, default=None),
    )


def _is_in_grace(target: CheckTarget, *, at: datetime) -> bool:
    # Either way: one that lies far ahead is a provider's clock, or its mistake.
    connected_at = target.connected_at
    return connected_at is not None and abs(at - connected_at) < GRACE_AFTER_CONNECT


def _evidence_of_server(server: ServerStatus | Failure, secrets: Sequence[str]) -> Evidence:
    if isinstance(server, Failure):
        return _evidence_of_failure(server, secrets)
    said = redact(server.said)
    if server.reason:
        reason = redact(server.reason, secrets=secrets)
        said = redact(f"{said}: {reason}") if said else reason
    return Evidence(server.call.name, said, server.call.http_status, server.call.latency_ms)


def _evidence_of_probe(probe: ToolAnswer | Failure, secrets: Sequence[str]) -> Evidence:
    if isinstance(probe, Failure):
        return _evidence_of_failure(probe, secrets)
    error = probes.failure_text(probe)
    said = _WORKED if error is None else redact(error, secrets=secrets)
    return Evidence(probe.call.name, said, probe.call.http_status, probe.call.latency_ms)


def _evidence_of_failure(failure: Failure, secrets: Sequence[str]) -> Evidence:
    detail = redact(failure.detail, secrets=secrets)
    said = redact(f"{failure.outcome}: {detail}" if detail else failure.outcome)
    return Evidence(failure.call.name, said, failure.call.http_status, failure.call.latency_ms)


_WORKED = redact("successful")
_BROKE_OFF = redact("the check crashed before it ended")
