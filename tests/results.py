"""Claims and results as a worker would make them."""

from datetime import datetime
from typing import Any

from integrations_health import schedule
from integrations_health.check_ids import check_id
from integrations_health.models import Integration
from integrations_health.outcomes import CheckResult, CheckTarget, Evidence, Outcome
from integrations_health.redaction import redact
from tests.conftest import NOW


def claim(*integrations: Integration, now: datetime = NOW) -> list[CheckTarget]:
    """Claim each integration, due or not."""
    return [schedule.claim_one(one.id, now=now).targets[0] for one in integrations]


def result(
    target: CheckTarget, outcome: Outcome = Outcome.OK, *, at: datetime = NOW, **fields: Any
) -> CheckResult:
    """Return what a check of `target` may have found; every field can be given."""
    return CheckResult(
        **{
            "integration_id": target.integration_id,
            "check_seq": target.check_seq,
            "check_id": check_id(target.integration_id, target.check_seq, at),
            "checked_at": at,
            "outcome": outcome,
            "evidence": (Evidence("GMAIL_GET_PROFILE", redact("successful"), 200, 120),),
            "response_time_ms": 120,
            **fields,
        }
    )
