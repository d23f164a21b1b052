"""The ledger of the chaos tests finds what it is there to find."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from integrations_health.check_ids import check_id
from integrations_health.providers.simulator.journal import Call
from tests.chaos import ledger
from tests.chaos.ledger import Finished, Ledger, Probe, Watched

LEASE = 6.0
START = datetime(2031, 3, 14, tzinfo=UTC).timestamp()


class Run:
    """A run of the product without a fault, which the tests spoil."""

    def __init__(self, integrations: int) -> None:
        self.watched = [Watched(uuid4(), f"ca_{number}", 1) for number in range(integrations)]
        self.probes = [self.probe(one, seq=1, at=1.0) for one in self.watched]
        self.finished = [self.row(one, seq=1, at=1.0) for one in self.watched]

    def probe(self, one: Watched, *, seq: int, at: float) -> Probe:
        name = check_id(one.integration_id, seq, datetime.fromtimestamp(START + at, UTC))
        return Probe(name, one.account, START + at, START + at + 0.1)

    def row(self, one: Watched, *, seq: int, at: float) -> Finished:
        return Finished(self.probe(one, seq=seq, at=at).check_id, one.integration_id, START + at)

    def claimed_again(self, index: int) -> Watched:
        self.watched[index] = again = self.watched[index]._replace(
            claims=self.watched[index].claims + 1
        )
        return again

    def audit(self) -> Ledger:
        return ledger.audit(
            self.watched,
            self.probes,
            self.finished,
            lease=LEASE,
            since=START,
            until=START + LEASE + 5,
        )


@pytest.fixture
def run() -> Run:
    return Run(3)


def test_a_run_without_a_fault_is_clean(run: Run) -> None:
    found = run.audit()

    assert found.violations == []
    assert found.unrecorded == []


def test_a_second_check_in_its_own_time_is_clean(run: Run) -> None:
    again = run.claimed_again(0)
    run.probes.append(run.probe(again, seq=2, at=3))
    run.finished.append(run.row(again, seq=2, at=3))

    assert run.audit().violations == []


def test_a_check_that_was_never_recorded_is_lost(run: Run) -> None:
    run.finished.pop(1)

    found = run.audit()

    assert found.lost == ["ca_1: no check within 11.0 s, after 1 claims"]
    assert found.unrecorded == [run.probes[1]]


@pytest.mark.parametrize("at", [-0.5, LEASE + 6])
def test_a_check_from_another_time_does_not_count(run: Run, at: float) -> None:
    run.finished[1] = run.row(run.watched[1], seq=1, at=at)
    run.probes[1] = run.probe(run.watched[1], seq=1, at=at)

    assert len(run.audit().lost) == 1


def test_one_result_recorded_twice_is_doubled(run: Run) -> None:
    run.finished.append(run.finished[1])

    assert run.audit().doubled == ["ca_1: claim 1 has 2 history rows"]


def test_one_claim_recorded_at_two_instants_is_doubled(run: Run) -> None:
    run.probes.append(run.probe(run.watched[1], seq=1, at=3))
    run.finished.append(run.row(run.watched[1], seq=1, at=3))

    assert run.audit().doubled == [
        "ca_1: claim 1 has 2 history rows",
        "ca_1: claim 1 has 2 probes",
    ]


def test_one_claim_asked_about_twice_is_doubled(run: Run) -> None:
    run.probes.append(run.probe(run.watched[1], seq=1, at=3))

    assert run.audit().doubled == ["ca_1: claim 1 has 2 probes"]


def test_two_claims_that_ask_at_the_same_time_overlap(run: Run) -> None:
    again = run.claimed_again(1)
    run.probes.append(run.probe(again, seq=2, at=1.05))
    run.finished.append(run.row(again, seq=2, at=1.05))

    assert run.audit().overlapping == ["ca_1: asked again after 0.05 s"]


def test_asking_again_before_a_dead_workers_lease_is_over_overlaps(run: Run) -> None:
    again = run.claimed_again(1)
    run.probes.append(run.probe(again, seq=2, at=2))
    run.finished[1] = run.row(again, seq=2, at=2)

    assert run.audit().overlapping == ["ca_1: asked again after 1.00 s"]


def test_asking_again_after_a_dead_workers_lease_is_clean(run: Run) -> None:
    again = run.claimed_again(1)
    run.probes.append(run.probe(again, seq=2, at=1 + LEASE))
    run.finished[1] = run.row(again, seq=2, at=1 + LEASE)

    found = run.audit()

    assert found.violations == []
    assert found.unrecorded == [run.probes[1]]


def test_a_row_that_nobody_asked_about_is_unfounded(run: Run) -> None:
    run.probes.pop(2)

    assert run.audit().unfounded == ["ca_2: claim 1 was never asked about"]


def test_a_row_whose_probe_went_to_another_account_is_unfounded(run: Run) -> None:
    run.probes[2] = run.probes[2]._replace(account="ca_1")

    assert run.audit().unfounded == ["ca_2: claim 1 was never asked about"]


def test_a_row_without_a_claim_is_unfounded(run: Run) -> None:
    row = run.row(run.watched[0], seq=9, at=2)
    run.finished.append(row)

    assert run.audit().unfounded == [
        f"{row.integration_id}: the history row {row.check_id} has no claim"
    ]


def test_the_log_is_read_in_order_without_what_is_half_written(tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    late = Call(2, 2.0, "composio", "POST", "/", ended_at=2.5)
    early = Call(1, 1.0, "composio", "POST", "/", ended_at=3.0)
    lines = [json.dumps(asdict(call)) + "\n" for call in (late, early)]

    log.write_text("".join(lines) + lines[0][:20])

    assert ledger.read_calls(log) == [early, late]


def test_only_calls_that_bear_a_checks_id_are_probes(run: Run) -> None:
    name = str(run.probes[0].check_id)
    probe = Call(1, 1.0, "composio", "POST", "/", account="ca_0", request_id=name, ended_at=2.0)
    status = Call(2, 1.0, "composio", "GET", "/", request_id="sim-000000000002", ended_at=2.0)

    assert ledger.probes_of([probe, status]) == [Probe(run.probes[0].check_id, "ca_0", 1.0, 2.0)]


def test_the_fullest_second_is_found_wherever_it_starts() -> None:
    starts = [0.0, 0.6, 0.9, 1.3, 1.55, 2.4]

    calls = [Call(1, start, "composio", "POST", "/") for start in starts]

    assert ledger.most_in_a_second(calls) == 4
    assert ledger.most_in_a_second([]) == 0
