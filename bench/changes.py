"""Let changes flow: `python -m bench.changes SECONDS PER_SECOND`, with the product's environment.

Records finished checks of what socket_rows made, as a worker does, and prints when each version was
committed as JSON.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from uuid import UUID

import django

django.setup()

from django.db import transaction  # noqa: E402 - needs the settings
from django.db.models.functions import Now  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.socket_rows import PROVIDER  # noqa: E402
from integrations_health import pipeline, schedule  # noqa: E402
from integrations_health.check_ids import check_id  # noqa: E402
from integrations_health.models import HealthCheck  # noqa: E402
from integrations_health.outcomes import CheckResult, CheckTarget, Outcome  # noqa: E402

_BATCHES_PER_SECOND = 5


def main(seconds: float, per_second: int) -> None:
    """Change things at this pace for so long."""
    looked_at = HealthCheck.objects.filter(user__username__startswith="looker-")
    ids = list(looked_at.values_list("integration_id", flat=True))
    committed: list[tuple[str, int, float]] = []
    began = time.monotonic()
    batch = 0
    while (at := batch / _BATCHES_PER_SECOND) < seconds:
        time.sleep(max(began + at - time.monotonic(), 0))
        committed += _change(random.sample(ids, per_second // _BATCHES_PER_SECOND))
        batch += 1
    print(json.dumps({"committed": committed, "seconds": time.monotonic() - began}))


def _change(ids: Sequence[UUID]) -> list[tuple[str, int, float]]:
    looked_at = HealthCheck.objects.filter(integration_id__in=ids)
    looked_at.update(next_check_at=Now())
    targets = schedule.claim_due(PROVIDER, limit=len(ids)).targets
    at = time.time()

    def note() -> None:
        nonlocal at
        at = time.time()

    with transaction.atomic():
        transaction.on_commit(note)  # before what the pipeline does after commit
        pipeline.record([_result(target) for target in targets])
    versions = looked_at.values_list("integration_id", "state_version")
    return [(str(pk), version, at) for pk, version in versions]


def _result(target: CheckTarget) -> CheckResult:
    at = timezone.now()
    return CheckResult(
        integration_id=target.integration_id,
        check_seq=target.check_seq,
        check_id=check_id(target.integration_id, target.check_seq, at),
        checked_at=at,
        outcome=random.choice([Outcome.OK, Outcome.SLOW, Outcome.TIMEOUT]),
        evidence=(),
        response_time_ms=random.randint(50, 5_000),
    )


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
