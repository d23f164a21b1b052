"""Whether the owner of an integration is asked to connect it again: decided from plain values."""

from enum import StrEnum

from integrations_health.outcomes import MEANINGS, Cause
from integrations_health.status import Status

CAUSES = {outcome.value: meaning.cause for outcome, meaning in MEANINGS.items()}
# With fewer, a third of them is one family's password.
LEAST_PEOPLE = 5
LEAST_REFUSED = 2
STORM_SHARE = 0.3


class Call(StrEnum):
    """Whether the owner is called upon, or why not."""

    NOT_NEEDED = "not_needed"
    OFFERED = "offered"
    UNSUPPORTED = "unsupported"  # the provider has no sign-in that we could begin
    ON_HOLD = "on_hold"  # so many fail at once that it is hardly each owner's grant


def is_owners(error_code: str) -> bool:
    """Say whether an error code is one that only the account's owner can mend."""
    return CAUSES.get(error_code) in {Cause.USER_GRANT, Cause.USER_SCOPE}


def needs_owner(*, status: str, error_code: str, is_enabled: bool) -> bool:
    """Say whether it is sure that only its owner can mend an integration.

    A grant that is only suspected to be dead is looked at again within a minute.
    """
    match CAUSES.get(error_code):
        case Cause.USER_GRANT:
            return is_enabled and status == Status.UNHEALTHY
        case Cause.USER_SCOPE:
            return is_enabled and status in {Status.UNHEALTHY, Status.DEGRADED}
        case _:
            return False


def decide(*, is_needed: bool, is_supported: bool, is_on_hold: bool) -> Call:
    """Return whether the owner is called upon."""
    if not is_needed:
        return Call.NOT_NEEDED
    if not is_supported:
        return Call.UNSUPPORTED
    return Call.ON_HOLD if is_on_hold else Call.OFFERED


def is_storm(*, checked: int, dead: int, people: int, refused: int) -> bool:
    """Say whether a provider's failures are more than its users' own.

    Of `checked` integrations lately, `dead` lost their grant, those of so many `people`, and for
    `refused` the provider did not take our key.
    """
    if not checked:
        return False
    # One refusal among others may be about that one connection.
    is_many = refused >= min(LEAST_REFUSED, checked)
    is_our_key = is_many and refused / checked >= STORM_SHARE
    return is_our_key or (people >= LEAST_PEOPLE and (dead + refused) / checked >= STORM_SHARE)
