"""One simulated connected account: who, where, its state and its script."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from functools import lru_cache

from integrations_health.providers.simulator.faults import FINE, OK, Family, Script, Step
from integrations_health.providers.simulator.services import Service

STATUSES = ("INITIALIZING", "INITIATED", "ACTIVE", "FAILED", "EXPIRED", "INACTIVE", "REVOKED")
NEVER_FINISHED = "Connection initiation did not complete within 10 minutes"
LINK_SECONDS = 600


class Surface(Enum):
    """What of an account is being asked."""

    STATUS = auto()
    TOOL = auto()


@dataclass(slots=True, kw_only=True, eq=False)
class Account:
    """A connection at one provider. `created_at` and `updated_at` are unix seconds.

    `identity` is whose account at the service it is. A plain MCP server is an account too: `id` is
    its name, `token` what it asks for, `is_legacy` its era; a legacy one replies with event streams
    if `is_sse`, and keeps sessions if `has_sessions`.
    """

    provider: str
    id: str
    service: Service
    user_id: str
    created_at: float
    updated_at: float
    identity: str
    auth_config_id: str = ""
    status: str = "ACTIVE"
    status_reason: str | None = None
    is_disabled: bool = False
    is_shared: bool = False
    token: str = field(default="", repr=False)
    is_legacy: bool = False
    is_sse: bool = True
    has_sessions: bool = True
    callback_url: str = field(default="", repr=False)
    expires_at: float | None = None
    script: Script = FINE
    status_script: Script | None = None

    @property
    def is_fine(self) -> bool:
        """Say whether nothing is scripted: nearly everybody in a crowd, so it is asked first."""
        return self.script is FINE and self.status_script is None

    def fault(self, surface: Surface) -> Step:
        """Return what shows on `surface` now, without using it up."""
        if self.is_fine:
            return OK
        if surface is Surface.TOOL:
            return self.script.current
        if self.status_script is not None:
            return self.status_script.current
        return self.script.current if self._shows_in_status() else OK

    def take(self, surface: Surface) -> Step:
        """Return what shows on `surface` now, and use it up where it belongs.

        What the provider says of the connection is used up by reading the status, everything else
        by calling a tool. A service nobody has a tool call for uses everything up by status; a
        plain MCP server, which has no status to read, uses everything up by its tools.
        """
        if self.is_fine:
            return OK
        if surface is Surface.STATUS:
            if self.status_script is not None:
                return self.status_script.take()
            return self.script.take() if self._shows_in_status() else OK
        if self.script.current.family is Family.CONNECTION and self.provider != "mcp":
            return self.script.current
        return self.script.take()

    def settle(self, *, now: float) -> None:
        """Let a connection that was begun ten minutes ago and never finished expire."""
        if self.expires_at is not None and now >= self.expires_at:
            self.move_to("EXPIRED", NEVER_FINISHED, now=now)

    def move_to(self, status: str, reason: str | None = None, *, now: float) -> None:
        """Set the status for good."""
        self.status, self.status_reason = status, reason
        self.updated_at = now
        self.expires_at = None

    def heal(self, *, now: float, identity: str = "") -> None:
        """Give it fresh credentials: active, and nothing scripted any more."""
        self.move_to("ACTIVE", now=now)
        self.is_disabled = False
        self.identity = identity or self.identity
        self.script, self.status_script = FINE, None

    def _shows_in_status(self) -> bool:
        family = self.script.current.family
        return family is Family.CONNECTION or not self.service.is_probed


@lru_cache(maxsize=4096)
def instant(seconds: float) -> str:
    """Return unix seconds as ISO 8601 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
