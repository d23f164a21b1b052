"""Claim a batch, then let many processes deliver the same results at the same time.

python -m tests.chaos.redeliver --results 200 --processes 8 --deliveries 40
"""

import argparse
import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime

import django

django.setup()

from django.db import connection  # noqa: E402 - wants the set-up above

from integrations_health import pipeline, schedule  # noqa: E402
from integrations_health.check_ids import check_id  # noqa: E402
from integrations_health.outcomes import CheckResult, CheckTarget, Outcome  # noqa: E402


def main() -> None:
    """Deliver every result `processes` times `deliveries` times."""
    parser = argparse.ArgumentParser()
    for name in ("results", "processes", "deliveries"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    claim = schedule.claim_due("composio", limit=options.results)
    results = [failed(target, at=claim.claimed_at) for target in claim.targets]
    connection.close()  # each process opens its own
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(options.processes, mp_context=fork) as processes:
        deliveries = [results] * (options.processes * options.deliveries)
        applied = sum(processes.map(deliver, deliveries))
    assert applied == len(results), f"{applied} of {len(results)} results made a transition"


def failed(target: CheckTarget, *, at: datetime) -> CheckResult:
    """Return a result that moves every counter of its integration."""
    return CheckResult(
        integration_id=target.integration_id,
        check_seq=target.check_seq,
        check_id=check_id(target.integration_id, target.check_seq, at),
        checked_at=at,
        outcome=Outcome.SERVER_ERROR,
    )


def deliver(results: Sequence[CheckResult]) -> int:
    """Record the results in an order of this delivery's own; return how many changed a status."""
    return len(pipeline.record(random.sample(results, len(results))))


if __name__ == "__main__":
    main()
