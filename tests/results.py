"""Claims and results as a worker would make them."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from integrations_health import schedule
from integrations_health.check_ids import check_id
from integrations_health.models import HealthCheck, Integration
from integrations_health.outcomes import CheckResult, CheckTarget, Evidence, Outcome
from integrations_health.redaction import redact
from tests.conftest import NOW


def claim(*integrations: Integration, now: datetime = NOW) -> list[CheckTarget]:
    """Claim each integration, due or not."""
    return [schedule.claim_one(one.id, now=now).targets[0] for one in integrations]


def lose(integration: Integration, *, crashes: int = 1, now: datetime | None = None) -> None:
    """Let a worker that took an integration die, for so many times; the last lease is just over."""
    now = now or datetime.now(UTC)
    died_at = now - settings.CHECK_LEASE
    HealthCheck.objects.filter(integration=integration).update(crash_count=crashes - 1)
    assert schedule.claim_one(integration.pk, now=died_at).targets


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
