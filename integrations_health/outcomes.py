"""What one check can find, what it speaks for, and the values that travel with it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from integrations_health.redaction import SafeText
from integrations_health.status import Status, Vote

RETRY_AFTER_FLOOR = timedelta(seconds=60)
RETRY_AFTER_CEILING = timedelta(hours=1)
GRACE_AFTER_CONNECT = timedelta(seconds=60)


class Outcome(StrEnum):
    """The closed list of what a check can end with; also the API's `errorCode`."""

    OK = "ok"
    SLOW = "slow"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    BAD_RESPONSE = "bad_response"
    SERVICE_ERROR = "service_error"
    AUTH_EXPIRED = "auth_expired"
    PERMISSION = "permission"
    DISCONNECTED = "disconnected"
    PENDING = "pending"
    PROBE_MISCONFIGURED = "probe_misconfigured"
    RATE_LIMITED = "rate_limited"
    KEY_REJECTED = "key_rejected"
    INTERNAL_ERROR = "internal_error"


class Cause(StrEnum):
    """Whose fault an outcome is."""

    USER_GRANT = "user_grant"
    USER_SCOPE = "user_scope"
    PROVIDER = "provider"
    SERVICE = "service"
    OURS = "ours"


class Meaning(NamedTuple):
    """What an outcome says: the vote, whose fault it is, and the sentence people read."""

    vote: Vote
    cause: Cause | None
    sentence: str


MEANINGS: dict[Outcome, Meaning] = {
    Outcome.OK: Meaning(Vote.HEALTHY, None, ""),
    Outcome.SLOW: Meaning(Vote.DEGRADED, Cause.SERVICE, "It works, but answers slowly."),
    Outcome.TIMEOUT: Meaning(Vote.FAILING, Cause.PROVIDER, "The provider did not answer in time."),
    Outcome.UNREACHABLE: Meaning(
        Vote.FAILING, Cause.PROVIDER, "The provider could not be reached."
    ),
    Outcome.SERVER_ERROR: Meaning(
        Vote.FAILING, Cause.PROVIDER, "The provider answered with an error of its own."
    ),
    Outcome.BAD_RESPONSE: Meaning(
        Vote.FAILING, Cause.PROVIDER, "The provider's answer could not be understood."
    ),
    Outcome.SERVICE_ERROR: Meaning(
        Vote.FAILING, Cause.SERVICE, "The connection is fine, but the service behind it fails."
    ),
    Outcome.AUTH_EXPIRED: Meaning(
        Vote.SUSPECT, Cause.USER_GRANT, "The connection expired or was revoked. Reconnect it."
    ),
    Outcome.PERMISSION: Meaning(
        Vote.DEGRADED, Cause.USER_SCOPE, "A permission is missing. Reconnect and allow it."
    ),
    Outcome.DISCONNECTED: Meaning(
        Vote.SUSPECT, Cause.USER_GRANT, "The connected account is gone or disabled. Reconnect it."
    ),
    Outcome.PENDING: Meaning(Vote.ABSTAINS, None, "The connection is still being set up."),
    Outcome.PROBE_MISCONFIGURED: Meaning(
        Vote.ABSTAINS, Cause.OURS, "Our check needs an update; the integration itself may be fine."
    ),
    Outcome.RATE_LIMITED: Meaning(
        Vote.ABSTAINS, Cause.PROVIDER, "The provider asked us to wait before we look again."
    ),
    Outcome.KEY_REJECTED: Meaning(
        Vote.ABSTAINS, Cause.OURS, "The provider refuses our own key. You need do nothing."
    ),
    Outcome.INTERNAL_ERROR: Meaning(
        Vote.ABSTAINS, Cause.OURS, "Our own check failed. You need do nothing."
    ),
}

# Worth another try inside the same check: the next answer may well be another one.
TRANSIENT = frozenset(
    {Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.SERVER_ERROR, Outcome.BAD_RESPONSE}
)


class CheckTarget(Struct, frozen=True, gc=False):
    """All that the network part must know of one claimed integration."""

    integration_id: UUID
    check_seq: int
    provider: str
    service: str
    server_instance_id: str
    provider_user_id: str = ""
    auth_config_id: str = ""
    server_url: str = ""
    server_token: str = ""
    probe_tool: str = ""
    probe_arguments: dict[str, Any] | None = None
    is_probe_due: bool = True
    was_connected: bool = False
    connected_at: datetime | None = None

    def __repr__(self) -> str:
        """Leave out the secrets: a repr ends in logs and tracebacks."""
        return f"CheckTarget({self.integration_id}, check_seq={self.check_seq})"


class Evidence(NamedTuple):
    """One call of a check and what it said, redacted."""

    call: str
    said: SafeText
    http_status: int | None = None
    latency_ms: int | None = None


class Finding(NamedTuple):
    """What the words of one check come to, whosever they are; the fields are CheckResult's."""

    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    response_time_ms: int | None = None
    server_status: SafeText | None = None
    is_active: bool | None = None
    is_certain: bool = False
    is_probed: bool = False
    wait: timedelta | None = None


# What lies in Redis is an array; a longer one was written by another release (`kept_results`).
class CheckResult(Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True):
    """What one check found: whose it is, and a Finding's fields in their order.

    `response_time_ms` is the probe's latency (the server status's when no probe ran), None when
    nothing answered. `is_certain` is set when the provider itself declared the grant dead, so that
    no second opinion is needed. `is_active` is what the provider said of the connection, None when
    it said nothing. `wait` is the provider's Retry-After, as it came.
    """

    integration_id: UUID
    check_seq: int
    check_id: UUID
    checked_at: datetime
    outcome: Outcome
    evidence: tuple[Evidence, ...] = ()
    response_time_ms: int | None = None
    server_status: SafeText | None = None
    is_active: bool | None = None
    is_certain: bool = False
    is_probed: bool = False
    wait: timedelta | None = None

    @property
    def vote(self) -> Vote:
        """What this result speaks for."""
        vote = MEANINGS[self.outcome].vote
        return Vote.UNHEALTHY if self.is_certain and vote is Vote.SUSPECT else vote


class Transition(NamedTuple):
    """A change of status: which integration, from what, to what, when and why."""

    integration_id: UUID
    old: Status
    new: Status
    at: datetime
    outcome: Outcome


class Observation(Struct, frozen=True, gc=False):
    """What one applied result means for its integration: what the rules of alerts look at.

    It `is_sure` unless a second look must confirm it.
    """

    integration_id: UUID
    user_id: UUID
    service: str
    old: Status
    new: Status
    outcome: Outcome
    vote: Vote
    consecutive_failures: int
    response_time_ms: int | None
    at: datetime
    is_sure: bool = True


def clamped_wait(retry_after: timedelta | None) -> timedelta | None:
    """Return a provider's Retry-After kept within a minute and an hour; None stays None."""
    if retry_after is None:
        return None
    return min(max(retry_after, RETRY_AFTER_FLOOR), RETRY_AFTER_CEILING)
