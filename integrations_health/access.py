"""Who is asking, and what they may see and do."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

# The header by which the application's back end acts for one user.
ACT_FOR = "X-Act-For"


class Scope(StrEnum):
    """What a caller was given the right to do."""

    READ = "read"
    WRITE = "write"
    STAFF = "staff"  # sees everybody's


class Way(StrEnum):
    """How a caller proved who they are."""

    SESSION = "session"
    TOKEN = "token"
    API_KEY = "api_key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who is asking: a user by our id or by the application's, or its back end (neither).

    `key_id` is the API key that was shown, if one was; `expires_at` when the proof ends, None when
    it has no end of its own. `is_remembered`: the proof could not be looked up and was good some
    minutes ago, which opens nothing but the last known state. Django REST framework keeps a caller
    as `request.user`.
    """

    way: Way
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    user_id: UUID | None = None
    external_id: str | None = None
    key_id: UUID | None = None
    expires_at: datetime | None = None
    is_remembered: bool = False

    @property
    def is_authenticated(self) -> bool:
        """Say yes: who could not prove anything is no Caller."""
        return True

    @property
    def is_somebody(self) -> bool:
        """Say whether the caller is (or acts for) one user."""
        return self.user_id is not None or self.external_id is not None

    @property
    def sees_everybody(self) -> bool:
        """Say whether rows of all users are visible: to staff, and to a back end for itself."""
        return Scope.STAFF in self.scopes or (self.way is Way.API_KEY and not self.is_somebody)

    def may(self, scope: Scope) -> bool:
        """Say whether the caller has this right."""
        return scope in self.scopes


# What a person may do with what is theirs.
OWN = frozenset({Scope.READ, Scope.WRITE})
