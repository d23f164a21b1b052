"""What every provider can be asked, and the values it answers with."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from msgspec import Struct

from integrations_health.outcomes import CheckTarget, Outcome

# About so many connections one bulk read may ask.
BULK_SIZE = 100


class ConnectionState(StrEnum):
    """What a provider's own word for a connection means to us."""

    ACTIVE = "active"  # not proof that it works: the probe decides
    PENDING = "pending"
    EXPIRED = "expired"  # the provider itself says the user must connect again
    ABANDONED = "abandoned"  # nobody finished setting it up in time
    DISABLED = "disabled"
    GONE = "gone"
    MISCONFIGURED = "misconfigured"  # our set-up at the provider, not the user's connection
    UNKNOWN = "unknown"  # a word we do not know, or none was said


NOT_THEIRS = "it belongs to another user there"


class Call(NamedTuple):
    """One request that was made: its name for people, the HTTP status, the latency.

    The latency counts from the moment the request had its connection, so that our own queueing
    never reads as the provider's slowness. Both are None when nothing answered; the latency also
    where one request asked about many connections, since it says nothing of any of them.
    """

    name: str
    http_status: int | None = None
    latency_ms: int | None = None


class ServerStatus(NamedTuple):
    """What the provider says of a connection. `said` and `reason` are its own words, unredacted."""

    state: ConnectionState
    call: Call
    said: str = ""
    reason: str = ""

    def __repr__(self) -> str:
        """Leave out the provider's words: nobody has redacted them yet."""
        return f"ServerStatus({self.state}, {self.call})"


class ToolAnswer(NamedTuple):
    """What a tool call came back with, in one shape for all providers.

    `is_successful` is what the provider claims after its hidden failures were dug out. `data` is
    the parsed answer, `error` the failure's text (both unredacted), `upstream_status` the HTTP
    status of the service behind the provider where the provider tells.
    """

    is_successful: bool
    call: Call
    data: Any = None
    error: str = ""
    upstream_status: int | None = None

    def __repr__(self) -> str:
        """Leave out the provider's words: nobody has redacted them yet."""
        return f"ToolAnswer({self.is_successful}, {self.call})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A call that gave no usable answer. `detail` is the provider's own words, unredacted.

    `is_connection_level` is set when no HTTP answer came at all (name, connect, TLS, reset), which
    may be our own network. `retry_after` is what the provider asked for, as it came.
    """

    outcome: Outcome
    call: Call
    detail: str = field(default="", repr=False)
    retry_after: timedelta | None = None
    is_connection_level: bool = False


class Owned(Struct, frozen=True, gc=False):
    """What the provider says of a connection, and whose it is by its own id of the user.

    `owner` is empty where the provider does not say.
    """

    said: ServerStatus | Failure
    owner: str = ""

    def told_to(self, provider_user_id: str) -> ServerStatus | Failure:
        """Return what a user hears of it: for anybody but its owner there is no such connection.

        Without an id of the user there is nothing to compare: who registered it answers for it.
        """
        is_open = not self.owner or not provider_user_id or self.owner == provider_user_id
        if is_open or isinstance(self.said, Failure):
            return self.said
        return ServerStatus(ConnectionState.GONE, self.said.call, reason=NOT_THEIRS)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReauthLink:
    """Where a user connects again. `server_instance_id` is the connection it will create."""

    url: str = field(repr=False)
    expires_at: datetime | None = None
    server_instance_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """One connection found at a provider by `discover`."""

    provider: str
    service: str
    server_instance_id: str
    provider_user_id: str
    auth_config_id: str = ""
    server_url: str = field(default="", repr=False)
    connected_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Whose a connection is by the provider's word, and how it stands."""

    connection: Connection
    state: ConnectionState


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """What a provider's headers said of our budget: calls per window, calls left, the window."""

    limit: int
    remaining: int
    window: timedelta


class NoBudget(Exception):
    """The call was not made: the provider's budget for now is spent or blocked."""


class Gate(Protocol):
    """What every request passes before it goes out: the provider's budget and its pace."""

    def __call__(self) -> Awaitable[None]:
        """Wait for this request's turn. Raises NoBudget when there is none."""
        ...


class Provider(Protocol):
    """A provider's API, as far as health needs it. One instance per worker process.

    Failures of a call are returned, not raised. Nothing here follows redirects, and every single
    request ends within `CALL_DEADLINE`. Only `NoBudget` leaves a method as an exception.
    """

    name: str
    reads_in_bulk: bool

    async def get_server_status(
        self, target: CheckTarget, *, gate: Gate
    ) -> ServerStatus | Failure: ...

    async def list_server_statuses(
        self, targets: Sequence[CheckTarget], *, gate: Gate
    ) -> Mapping[UUID, ServerStatus | Failure]:
        """Return answers by integration id; what had no turn any more is left out.

        Raises NoBudget where nothing had one.
        """
        ...

    async def call_tool(
        self,
        target: CheckTarget,
        *,
        tool: str,
        arguments: Mapping[str, Any],
        request_id: UUID,
        gate: Gate,
    ) -> ToolAnswer | Failure: ...

    async def start_reauth(
        self, target: CheckTarget, *, callback_url: str, gate: Gate
    ) -> ReauthLink | Failure: ...

    async def identify(self, target: CheckTarget, *, gate: Gate) -> Account | Failure:
        """Read whose the connection of `target` is; one that is not there is a Failure."""
        ...

    def discover(self, *, gate: Gate) -> AsyncIterator[Connection | Failure]:
        """Yield every connection of our project. A Failure ends it: the list is not complete."""
        ...

    @property
    def rate_limit(self) -> RateLimit | None:
        """The newest rate-limit headers seen, None before the first or where there are none."""
        ...

    async def aclose(self) -> None: ...
