"""The SQL of a sweep and nothing else: `python -m bench.sql_alone`.

Claims whatever is due, batch by batch, and records results that were ready beforehand. It prints,
as JSON, how many there were and the CPU microseconds of each step for one check on this side of
the connection.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402 - Django is set up just above
from django.db import transaction  # noqa: E402

from bench.rows import PROVIDER  # noqa: E402
from integrations_health import entries, health_rows, history, schedule  # noqa: E402
from integrations_health.check_ids import check_id  # noqa: E402
from integrations_health.claimed import Claim  # noqa: E402
from integrations_health.outcomes import CheckResult, Evidence, Outcome  # noqa: E402
from integrations_health.redaction import redact  # noqa: E402

_SAID = redact("ACTIVE")
_EVIDENCE = (
    Evidence("GET connected_accounts", _SAID, 200),
    Evidence("GMAIL_GET_PROFILE", redact("successful"), 200, 120),
)
_seconds: dict[str, float] = defaultdict(float)


def main() -> None:
    """Check everything that is due without asking anybody."""
    checks = 0
    while True:
        with _timed("claim"):
            claim = schedule.claim_due(PROVIDER, limit=settings.CHECK_BATCH_SIZE)
        if not claim.targets:
            break
        _record(claim)
        # What stays behind, every later claim would read.
        with _timed("finish"):
            schedule.finish(claim.batch)
        checks += len(claim.targets)
    each = {step: seconds / checks * 1e6 for step, seconds in _seconds.items()}
    print(json.dumps({"checks": checks, "cpu_us_per_check": each}))


def _record(claim: Claim) -> None:
    decisions, _ = entries.decide(_results(claim), claim.rows)
    finished = [entries.finished(one) for one in decisions]
    with transaction.atomic():
        with _timed("apply"):
            health_rows.apply([one.update for one in decisions])
        with _timed("append"):
            history.append(finished)


def _results(claim: Claim) -> list[CheckResult]:
    at = claim.claimed_at
    return [
        CheckResult(
            integration_id=target.integration_id,
            check_seq=target.check_seq,
            check_id=check_id(target.integration_id, target.check_seq, at),
            checked_at=at,
            outcome=Outcome.OK,
            evidence=_EVIDENCE,
            response_time_ms=120,
            server_status=_SAID,
            is_active=True,
            is_probed=True,
        )
        for target in claim.targets
    ]


@contextmanager
def _timed(step: str) -> Iterator[None]:
    before = time.process_time()
    yield
    _seconds[step] += time.process_time() - before


if __name__ == "__main__":
    main()
