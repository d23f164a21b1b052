"""Say what somebody can do about an integration, and whether nobody else can."""

from datetime import datetime
from typing import Protocol

from integrations_health.outcomes import MEANINGS, Cause, Outcome
from integrations_health.reauth_rules import Call
from integrations_health.status import Status

_CAUSES = {outcome.value: meaning.cause for outcome, meaning in MEANINGS.items()}
RECONNECT = "Open the app where you connected it, connect it again, then press Check now."
ALLOW = "Open the app where you connected it, allow everything it asks, then press Check now."
RECONNECT_HERE = "Press Reconnect: you sign in again, and it is checked at once."
ALLOW_HERE = "Press Reconnect and allow everything that is asked; it is checked at once."
FINISH = "If you stopped halfway, connect {it} again in the app where you began."
HELD = "Many connections fail there at once, so it is hardly yours. You need do nothing for now."
OWNERS = {Cause.USER_GRANT, Cause.USER_SCOPE}
NOTHING_TO_DO = "You need do nothing."


class Shown(Protocol):
    """What a sentence needs to know of an integration."""

    @property
    def name(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def own_status(self) -> str: ...
    @property
    def error_code(self) -> str: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def reauth(self) -> Call: ...
    @property
    def is_paused(self) -> bool: ...
    @property
    def is_new(self) -> bool: ...


def cause(error_code: str) -> Cause | None:
    """Return whose fault an error code is; None for none, and for one that we do not know."""
    return _CAUSES.get(error_code)


def needs_its_user(row: Shown) -> bool:
    """Say whether only the person can mend it."""
    is_ill = row.own_status in {Status.UNHEALTHY, Status.DEGRADED}
    return is_ill and cause(row.error_code) in OWNERS


def of(row: Shown) -> str:
    """Return what somebody can do about an integration that does not work; "" when it does."""
    if row.is_paused or row.own_status == Status.HEALTHY or not row.error_code:
        return ""
    if row.reauth is Call.ON_HOLD:
        return HELD
    if row.error_code == Outcome.PENDING and row.own_status == Status.UNKNOWN:
        return FINISH.format(it="it")
    is_here = row.reauth is Call.OFFERED
    match cause(row.error_code):
        case Cause.USER_GRANT:
            return RECONNECT_HERE if is_here else RECONNECT
        case Cause.USER_SCOPE:
            return ALLOW_HERE if is_here else ALLOW
        case Cause.PROVIDER | Cause.SERVICE:
            return f"{NOTHING_TO_DO} We keep checking."
        case _:
            return ""
