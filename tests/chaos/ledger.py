"""Hold the provider's log against the history: what was lost, doubled, or done at the same time."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from integrations_health.check_ids import check_id
from integrations_health.providers.simulator.journal import Call

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AFTER_TIME = (1 << 80) - 1
# A claim lies before its first probe by the probe's wait in the batch; how long, no log says. Half
# a lease is far more than that wait, and far more than a tick, in which a broken lease shows.
_SURE_PART_OF_LEASE = 0.5


class Watched(NamedTuple):
    """One integration, the provider's account it stands for, and how often it was claimed."""

    integration_id: UUID
    account: str
    claims: int


class Probe(NamedTuple):
    """One probe as the provider saw it; the instants are unix seconds."""

    check_id: UUID
    account: str
    started_at: float
    ended_at: float


class Finished(NamedTuple):
    """One row of the history; `checked_at` in unix seconds."""

    check_id: UUID
    integration_id: UUID
    checked_at: float


class Claimed(NamedTuple):
    """The n-th claim of an integration: what one check is the answer to."""

    watched: Watched
    seq: int


class Ledger(NamedTuple):
    """What is wrong, each entry a sentence; and the probes that died with their worker."""

    lost: list[str]
    doubled: list[str]
    overlapping: list[str]
    unfounded: list[str]
    unrecorded: list[Probe]

    @property
    def violations(self) -> list[str]:
        """Return everything that must never be, whatever breaks."""
        return [*self.lost, *self.doubled, *self.overlapping, *self.unfounded]


def read_calls(log: Path) -> list[Call]:
    """Return the requests of the simulator's log, in the order in which they began."""
    lines = log.read_text().splitlines(keepends=True) if log.exists() else []
    calls = [Call(**json.loads(line)) for line in lines if line.endswith("\n")]
    return sorted(calls, key=lambda call: call.started_at)


def probes_of(calls: Iterable[Call]) -> list[Probe]:
    """Return the calls that are probes: those that bear the id of a check."""
    return [
        Probe(UUID(call.request_id), call.account, call.started_at, call.ended_at or float("inf"))
        for call in calls
        if call.account and _is_check_id(call.request_id)
    ]


def audit(
    watched: Sequence[Watched],
    probes: Sequence[Probe],
    finished: Sequence[Finished],
    *,
    lease: float,
    since: float,
    until: float,
) -> Ledger:
    """Return what the two records say together.

    Every one of `watched` must have a finished check between `since` and `until` (unix seconds);
    every check that finished must have been asked for by exactly one probe, of a claim that there
    was; no probe may begin while another one of its account runs, or while the lease (in seconds)
    of one that was never recorded is surely valid.
    """
    claims = {
        _identity(check_id(one.integration_id, seq, _EPOCH)): Claimed(one, seq)
        for one in watched
        for seq in range(1, one.claims + 1)
    }
    recorded = {row.check_id for row in finished}
    return Ledger(
        lost=_lost(watched, finished, since=since, until=until),
        doubled=_doubled(claims, probes, finished),
        overlapping=_overlapping(probes, recorded, lease=lease),
        unfounded=_unfounded(claims, probes, finished),
        unrecorded=[probe for probe in probes if probe.check_id not in recorded],
    )


def most_in_a_second(calls: Sequence[Call]) -> int:
    """Return how many calls began in the second in which most did, wherever it starts."""
    starts = sorted(call.started_at for call in calls)
    most = first = 0
    for index, start in enumerate(starts):
        while start - starts[first] >= 1:
            first += 1
        most = max(most, index - first + 1)
    return most


def _lost(
    watched: Sequence[Watched], finished: Sequence[Finished], *, since: float, until: float
) -> list[str]:
    seen = {row.integration_id for row in finished if since <= row.checked_at <= until}
    return [
        f"{one.account}: no check within {until - since:.1f} s, after {one.claims} claims"
        for one in watched
        if one.integration_id not in seen
    ]


def _doubled(
    claims: dict[int, Claimed], probes: Sequence[Probe], finished: Sequence[Finished]
) -> list[str]:
    rows: dict[int, int] = defaultdict(int)
    asked: dict[int, int] = defaultdict(int)
    for row in finished:
        rows[_identity(row.check_id)] += 1
    for probe in probes:
        asked[_identity(probe.check_id)] += 1
    return [
        f"{claimed.watched.account}: claim {claimed.seq} has {counts[identity]} {what}"
        for counts, what in ((rows, "history rows"), (asked, "probes"))
        for identity, claimed in claims.items()
        if counts[identity] > 1
    ]


def _overlapping(probes: Sequence[Probe], recorded: set[UUID], *, lease: float) -> list[str]:
    by_account: dict[str, list[Probe]] = defaultdict(list)
    for probe in sorted(probes, key=lambda probe: probe.started_at):
        by_account[probe.account].append(probe)
    return [
        f"{account}: asked again after {later.started_at - earlier.started_at:.2f} s"
        for account, of_account in by_account.items()
        for earlier, later in pairwise(of_account)
        if later.started_at < _held_until(earlier, recorded, lease=lease)
    ]


def _held_until(probe: Probe, recorded: set[UUID], *, lease: float) -> float:
    if probe.check_id in recorded:
        return probe.ended_at
    # Its worker died: the provider may not have noticed yet, and the row is free after the lease.
    return probe.started_at + lease * _SURE_PART_OF_LEASE


def _unfounded(
    claims: dict[int, Claimed], probes: Sequence[Probe], finished: Sequence[Finished]
) -> list[str]:
    asked = {probe.check_id: probe.account for probe in probes}
    found = []
    for row in finished:
        claimed = claims.get(_identity(row.check_id))
        if claimed is None or claimed.watched.integration_id != row.integration_id:
            found.append(f"{row.integration_id}: the history row {row.check_id} has no claim")
        elif asked.get(row.check_id) != claimed.watched.account:
            found.append(f"{claimed.watched.account}: claim {claimed.seq} was never asked about")
    return found


def _is_check_id(text: str) -> bool:
    try:
        return UUID(text).version == 7
    except ValueError:
        return False


def _identity(check: UUID) -> int:
    """Return the part of a check's id that follows from its integration and claim alone."""
    return check.int & _AFTER_TIME
