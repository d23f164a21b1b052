"""Begin to connect an integration again: out to its provider.

A provider's links live ten minutes, so one is made when somebody presses the button.
"""

import logging
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.urls import reverse

from integrations_health import (
    asking,
    clock,
    reauth_requests,
    reauth_targets,
    reauth_tokens,
)
from integrations_health.access import Caller
from integrations_health.models import HealthCheck, Integration
from integrations_health.overlay import OpenIncidents
from integrations_health.providers.base import Failure
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call
from integrations_health.reauth_tokens import Kind, Token
from integrations_health.redaction import redact

logger = logging.getLogger(__name__)

# In ten minutes: each makes an account at the provider.
MOST_WAYS = 5


class NotFound(Exception):
    """There is nothing of this kind, or it is somebody else's."""


class NotOffered(Exception):
    """Nobody is asked to connect it again; `call` says why."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.value)
        self.call = call


class TooOften(Exception):
    """It was begun so many times within minutes that the provider is spared one more."""


class Unavailable(Exception):
    """The provider gave no link that we would send anybody to."""


def start(caller: Caller, integration_id: UUID, *, now: datetime | None = None) -> str:
    """Return where the owner connects again, at the provider. It is made for this one time.

    Raises NotFound, NotOffered, TooOften and Unavailable.
    """
    rows = HealthCheck.objects.visible_to(caller).select_related("integration")
    secrets = (f"integration__{secret}" for secret in Integration.SECRETS)
    health = rows.defer(*secrets).filter(integration_id=integration_id).first()
    if health is None:
        raise NotFound
    call = Offers(OpenIncidents.read()).of(health)
    if call is not Call.OFFERED:
        raise NotOffered(call)
    watched, at, attempt_id = health.integration, now or clock.now(), uuid4()
    if reauth_requests.ways_begun(watched.pk, now=at) >= MOST_WAYS:
        raise TooOften
    request = reauth_requests.open_for({watched.pk: watched.user_id}, now=at)[watched.pk]
    state = request._replace(nonce=attempt_id, expires_at=at + reauth_requests.STATE_LIFETIME)
    link = asking.ask(
        watched.provider,
        lambda provider, gate: provider.start_reauth(
            asking.target(watched, watched.server_instance_id),
            callback_url=_callback(state),
            gate=gate,
        ),
    )
    if isinstance(link, Failure):
        _warn("reauth.no_link", watched, reason=link.outcome.value)
        raise Unavailable
    config = settings.PROVIDERS[watched.provider]
    hosts, base_url = config["link_hosts"], config["base_url"]
    if not reauth_targets.is_allowed(link.url, hosts=hosts, base_url=base_url):
        _warn("reauth.link_refused", watched, reason=redact(reauth_targets.host_of(link.url)))
        raise Unavailable
    reauth_requests.begin(
        request, attempt_id=attempt_id, announced_id=link.server_instance_id, now=at
    )
    return link.url


def _callback(state: Token) -> str:
    # In the path: nobody who adds a query of their own can spoil it.
    path = reverse("reconnect-back", args=[reauth_tokens.sign(Kind.STATE, state)])
    return f"{settings.PUBLIC_URL}{path}"


def _warn(event: str, watched: Integration, *, reason: str) -> None:
    logger.warning(event, extra={"integration_id": str(watched.pk), "reason": reason})
