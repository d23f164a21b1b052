"""How well a provider or a service does, by what most of its users see."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from integrations_health.population import Standing

# Nobody has looked for so long that nothing is known of now.
STALE_AFTER = timedelta(hours=2)
# Shares of what is observed from which a group counts as out, or as impaired.
OUT_FROM, IMPAIRED_FROM = 0.5, 0.1


class State(StrEnum):
    """How a provider or a service does; the words of the JSON."""

    OUTAGE = "outage"
    IMPAIRED = "impaired"
    UNKNOWN = "unknown"
    OPERATIONAL = "operational"


_WORST_FIRST = list(State)


def worst(states: Iterable[State]) -> State:
    """Return the worst of some states; unknown when there are none."""
    return min(states, key=_WORST_FIRST.index, default=State.UNKNOWN)


def state_of(standing: Standing, *, now: datetime) -> State:
    """Return how a group does, by the share for which it or its provider is to blame."""
    seen_at = standing.last_check_at
    if not standing.known or seen_at is None or now - seen_at > STALE_AFTER:
        return State.UNKNOWN
    if standing.failing / standing.known >= OUT_FROM:
        return State.OUTAGE
    if (standing.failing + standing.impaired) / standing.known >= IMPAIRED_FROM:
        return State.IMPAIRED
    return State.OPERATIONAL
