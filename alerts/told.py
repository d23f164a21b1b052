"""One thing that a message tells."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alerts import words
from integrations_health import reauth_rules
from integrations_health.outcomes import MEANINGS, Cause, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One thing that a message tells: an event of an alert, or of a notice to staff.

    An all-clear `is_whole` when the recipient hears by it that anything was wrong at all.
    """

    event: str
    # How it ended where it does not work again, as far as anybody knows.
    end: str = ""
    sentence: str
    id: UUID
    began_at: datetime
    ended_at: datetime | None = None
    is_notice: bool = False
    kind: str = ""
    is_degraded: bool = False
    severity: str = ""
    service: str = ""
    provider: str = ""
    name: str = ""
    error_code: str = ""
    integration_id: UUID | None = None
    user_id: UUID | None = None
    is_whole: bool = False
    # Where its owner connects it again, while they are asked to.
    reauth_url: str = field(default="", repr=False)

    @property
    def is_to_mend(self) -> bool:
        """Say whether it goes on, and its owner alone can mend it."""
        is_owners = reauth_rules.is_owners(self.error_code)
        return is_owners and self.event != "recovered" and self.ended_at is None

    @property
    def cause(self) -> Cause | None:
        """Return whose fault it is, as far as that is known."""
        known = self.error_code in Outcome.__members__.values()
        return MEANINGS[Outcome(self.error_code)].cause if known else None

    @property
    def called(self) -> str:
        """Return what people call the integration."""
        return words.name(display_name=self.name, service=self.service, provider=self.provider)

    @property
    def group(self) -> tuple[object, ...]:
        """Return what things share that are one line of news."""
        what = (self.is_notice, self.event, self.is_whole, self.kind)
        return (*what, self.service, self.provider, self.cause)

    @property
    def trouble(self) -> str:
        """Return what is said of it once it is over."""
        return "had trouble" if self.is_degraded else "was down"
