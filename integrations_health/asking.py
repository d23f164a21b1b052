"""Ask a provider one thing beside all checks, for a person who waits."""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from integrations_health import budget, network, pooled_connection
from integrations_health.allotment import Lane
from integrations_health.models import Integration
from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.providers.base import Call, Failure, Gate, NoBudget, Provider

T = TypeVar("T")
# The most that one question takes.
CALLS = 2


def ask(
    provider: str, work: Callable[[Provider, Gate], Coroutine[Any, Any, T | Failure]]
) -> T | Failure:
    """Return the answer, within what the provider allows; no database connection is held for it."""
    client = network.provider(provider)
    allotment = budget.reserve(provider, calls=CALLS, lane=Lane.MANUAL)
    answer: T | Failure = Failure(outcome=Outcome.RATE_LIMITED, call=Call("nothing was asked"))
    try:
        pooled_connection.let_go()
        answer = network.run(work(client, allotment.gate))
    except NoBudget:
        pass
    finally:
        # What the provider said before, and was heeded then, says nothing now.
        told, wait = (client.rate_limit, _wait(answer)) if allotment.used else (None, None)
        budget.settle(provider, allotment, rate_limit=told, wait=wait)
    return answer


def target(watched: Integration, instance_id: str) -> CheckTarget:
    """Return what a provider's client must know of an integration, with this connection."""
    return CheckTarget(
        integration_id=watched.pk,
        check_seq=0,
        provider=watched.provider,
        service=watched.service,
        server_instance_id=instance_id,
        provider_user_id=watched.provider_user_id,
        auth_config_id=watched.auth_config_id,
    )


def _wait(answer: object) -> timedelta | None:
    """Return how long the provider wants to be asked nothing, if it said so."""
    if isinstance(answer, Failure) and answer.outcome is Outcome.RATE_LIMITED:
        return answer.retry_after or timedelta()
    return None
