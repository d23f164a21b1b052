"""Read how far an integration's owner is with connecting it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from integrations_health import names, reauth_requests
from integrations_health.access import Caller
from integrations_health.models import HealthCheck, Integration, ReauthRequest
from integrations_health.outcomes import MEANINGS
from integrations_health.overlay import OpenIncidents
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call
from integrations_health.reauth_tokens import Token
from integrations_health.status import Status, Vote

# So long somebody who connected again is one who is back.
LATELY = timedelta(hours=24)
_SAYS_NOTHING = {code.value for code, said in MEANINGS.items() if said.vote is Vote.ABSTAINS}


class Stage(StrEnum):
    """How far it is."""

    OFFERED = "offered"
    ON_HOLD = "on_hold"
    UNSUPPORTED = "unsupported"
    CHECKING = "checking"
    BACK = "back"
    STILL_WRONG = "still_wrong"
    WORKS = "works"
    PAUSED = "paused"
    NO_USE = "no_use"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconnection:
    """An integration, whether its owner is called upon, and the last time that they came."""

    now: datetime
    health: HealthCheck
    call: Call
    done_at: datetime | None

    @property
    def watched(self) -> Integration:
        """Return the integration itself, without its secrets."""
        return self.health.integration

    @property
    def name(self) -> str:
        """Return what its owner calls it."""
        return self.watched.display_name or names.service(self.watched.service)

    @property
    def stage(self) -> Stage:
        """Return how far it is."""
        if not self.health.enabled:
            return Stage.PAUSED
        if self.done_at is not None and self.now - self.done_at < LATELY:
            return self._stage_after(self.done_at)
        if self.health.status == Status.HEALTHY:
            return Stage.WORKS
        return Stage.NO_USE if self.call is Call.NOT_NEEDED else Stage(self.call.value)

    def _stage_after(self, done_at: datetime) -> Stage:
        checked_at = self.health.last_check_at
        if checked_at is None or checked_at < done_at:
            return Stage.CHECKING
        if self.health.status == Status.HEALTHY:
            return Stage.BACK
        is_silent = self.health.metadata.get("outcome") in _SAYS_NOTHING
        return Stage.CHECKING if is_silent else Stage.STILL_WRONG


def read(caller: Caller, integration_id: UUID, *, now: datetime) -> Reconnection | None:
    """Return an integration that `caller` may see, None for any other. A few queries."""
    rows = HealthCheck.objects.visible_to(caller).select_related("integration")
    secrets = (f"integration__{secret}" for secret in Integration.SECRETS)
    health = rows.defer(*secrets).filter(integration_id=integration_id).first()
    if health is None:
        return None
    done = reauth_requests.last_done(integration_id, health.user_id)
    return Reconnection(
        now=now,
        health=health,
        call=Offers(OpenIncidents.read()).of(health),
        done_at=None if done is None else done.closed_at,
    )


def asked_by(caller: Caller, token: Token) -> ReauthRequest | None:
    """Return the request of a link, where `caller` is the one it was made for."""
    return (
        ReauthRequest.objects.visible_to(caller)
        .filter(
            pk=token.nonce,
            user=token.user_id,
            integration=token.integration_id,
            integration__user=token.user_id,
        )
        .first()
    )
