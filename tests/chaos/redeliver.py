"""Claim a batch, then let many processes deliver the same results at the same time.

python -m tests.chaos.redeliver --results 200 --processes 8 --deliveries 15
"""

import argparse
import multiprocessing
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

import django

django.setup()

from django.conf import settings  # noqa: E402 - wants the set-up above
from django.db import connection  # noqa: E402

from integrations_health import pipeline, schedule  # noqa: E402
from integrations_health.check_ids import check_id  # noqa: E402
from integrations_health.claimed import Claim  # noqa: E402
from integrations_health.outcomes import CheckResult, Outcome  # noqa: E402


def main() -> None:
    """Deliver every result `deliveries` times in each process."""
    parser = argparse.ArgumentParser()
    for name in ("results", "processes", "deliveries"):
        parser.add_argument(f"--{name}", type=int, required=True)
    options = parser.parse_args()
    late = failed(schedule.claim_due("composio", limit=options.results))
    after_lease = late[0].checked_at + settings.CHECK_LEASE
    # After a crash, as this looks like, integrations are claimed one at a time.
    claims = [schedule.claim_one(result.integration_id, now=after_lease) for result in late]
    in_time = [result for claim in claims for result in failed(claim)]
    connection.close()  # each process opens its own
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(options.processes, mp_context=fork) as processes:
        deliveries = [late, in_time] * (options.processes * options.deliveries)
        transitions = sum(processes.map(deliver, deliveries))
    assert transitions == len(in_time), f"{transitions} transitions of {len(in_time)} integrations"


def failed(claim: Claim) -> list[CheckResult]:
    """Return results that move every counter of the integrations of `claim`."""
    return [
        CheckResult(
            integration_id=target.integration_id,
            check_seq=target.check_seq,
            check_id=check_id(target.integration_id, target.check_seq, claim.claimed_at),
            checked_at=claim.claimed_at,
            outcome=Outcome.SERVER_ERROR,
        )
        for target in claim.targets
    ]


def deliver(results: Sequence[CheckResult]) -> int:
    """Record the results in an order of this delivery's own; return how many changed a status."""
    return len(pipeline.record(random.sample(results, len(results))))


if __name__ == "__main__":
    main()
