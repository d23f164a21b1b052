"""How restless an integration is: every fall and every recovery adds, time takes away."""

from datetime import datetime, timedelta
from typing import NamedTuple

from integrations_health.outcomes import Observation
from integrations_health.status import Status

PER_CHANGE = 1000.0
HALF_LIFE = timedelta(minutes=15)
# Two thresholds, so that what counts as flapping does not itself flap.
STARTS_ABOVE = 3000.0
ENDS_BELOW = 1000.0


class Unrest(NamedTuple):
    """The penalty as it was at `counted_at`."""

    penalty: float
    counted_at: datetime
    is_flapping: bool = False


def is_change(seen: Observation) -> bool:
    """Say whether an integration fell or recovered."""
    # To be seen for the first time, or again after a rest, is no unrest; nor is to get worse.
    if Status.UNKNOWN in (seen.old, seen.new):
        return False
    return (seen.old is Status.HEALTHY) is not (seen.new is Status.HEALTHY)


def after_change(before: Unrest | None, *, at: datetime) -> Unrest:
    """Return the unrest after one more fall or recovery."""
    now = settled(before, at=at) if before is not None else Unrest(0.0, at)
    penalty = now.penalty + PER_CHANGE
    return Unrest(penalty, now.counted_at, now.is_flapping or penalty > STARTS_ABOVE)


def settled(before: Unrest, *, at: datetime) -> Unrest:
    """Return the unrest as time has left it. A result that comes late takes nothing back."""
    passed = max((at - before.counted_at) / HALF_LIFE, 0.0)
    penalty = before.penalty * 0.5**passed
    return Unrest(penalty, max(at, before.counted_at), before.is_flapping and penalty >= ENDS_BELOW)
