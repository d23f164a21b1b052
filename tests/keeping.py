"""Results of a worker that the database went away from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import OperationalError

from integrations_health import buffer, schedule
from integrations_health.claimed import Claim
from integrations_health.models import Integration
from integrations_health.outcomes import CheckResult, Outcome
from tests.conftest import NOW
from tests.results import result


def keep(claim: Claim, results: Sequence[CheckResult]) -> bool:
    """Keep results that could not be recorded; say whether they are."""
    return buffer.keep(results, claim, because=OperationalError("it does not answer"))


def keep_one(
    integration: Integration,
    outcome: Outcome = Outcome.OK,
    *,
    at: datetime = NOW,
    **fields: Any,
) -> CheckResult:
    """Claim an integration, due or not, and keep what its check found."""
    claim = schedule.claim_one(integration.pk, now=at)
    found = result(claim.targets[0], outcome, at=at, **fields)
    assert keep(claim, [found])
    return found
