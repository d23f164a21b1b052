"""Answer from the last known state while the database is away."""

import logging
from uuid import UUID

from django.http import HttpResponse
from prometheus_client import Counter

from integrations_health import snapshots, unavailability
from integrations_health.access import Caller
from integrations_health.api.answers import answer

logger = logging.getLogger(__name__)

_ANSWERS = Counter(
    "integration_health_last_known_answers",
    "Answers while the database was away: with the last known state, or without one.",
    ["found"],
)


def health(
    caller: Caller, integration_id: UUID, *, reason: Exception | None = None
) -> HttpResponse:
    """Return the last known health of an integration, marked as such. Raises Problem.

    Of an id that is foreign, removed, unknown or not kept it says the same: that it may work in a
    moment. That something is not kept proves nothing about it.
    """
    found = snapshots.read(caller, integration_id)
    _ANSWERS.labels(found="no" if found is None else "yes").inc()
    logger.info(
        "last_known.asked",
        extra={"is_found": found is not None, "reason": type(reason).__name__ if reason else ""},
    )
    if found is None:
        raise unavailability.for_now()
    body = {**found.body, "stale": True, "source": "cache"}
    return answer(body, headers={"Cache-Control": "no-store"})
