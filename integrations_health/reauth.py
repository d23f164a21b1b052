"""Connect an integration again: out to its provider, and back with the new connection.

A provider's links live ten minutes, so one is made when somebody presses the button. What comes
back is believed only as far as the provider says so itself.
"""

import logging
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from integrations_health import (
    asking,
    clock,
    reauth_requests,
    reauth_targets,
    reauth_tokens,
    rebinding,
)
from integrations_health.access import Caller
from integrations_health.models import HealthCheck, Integration, ReauthAttempt, ReauthRequest
from integrations_health.outcomes import CheckTarget, Outcome
from integrations_health.overlay import OpenIncidents
from integrations_health.providers.base import Account, ConnectionState, Failure
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call
from integrations_health.reauth_tokens import Kind, Token

logger = logging.getLogger(__name__)

SUCCESS = "success"
_HIDDEN = [f"request__integration__{secret}" for secret in Integration.SECRETS]
# The provider knows no such connection, or it cannot be the id of one.
_NO_ACCOUNT = {Outcome.DISCONNECTED, Outcome.PROBE_MISCONFIGURED}


class NotFound(Exception):
    """There is nothing of this kind, or it is somebody else's."""


class NotOffered(Exception):
    """Nobody is asked to connect it again; `call` says why."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.value)
        self.call = call


class Unavailable(Exception):
    """The provider gave no link that we would send anybody to."""


class Ending(StrEnum):
    """What became of a way to a provider and back."""

    CONNECTED = "connected"
    DECLINED = "declined"  # at the provider, by its user or by the service
    LATE = "late"
    USED = "used"
    DONE_BEFORE = "done_before"
    FOREIGN = "foreign"  # the connection is of another user, service or configuration
    DEAD = "dead"  # the provider itself does not call it connected
    TAKEN = "taken"  # another integration watches it already
    UNANSWERED = "unanswered"  # nothing was used up: it can be tried again


class Finished(NamedTuple):
    """What became of which integration."""

    integration_id: UUID
    ending: Ending


def start(caller: Caller, integration_id: UUID, *, now: datetime | None = None) -> str:
    """Return where the owner connects again, at the provider. It is made for this one time.

    Raises NotFound, NotOffered and Unavailable.
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
    request = reauth_requests.open_for({watched.pk: watched.user_id}, now=at)[watched.pk]
    state = request._replace(nonce=attempt_id, expires_at=at + reauth_requests.STATE_LIFETIME)
    link = asking.ask(
        watched.provider,
        lambda provider, gate: provider.start_reauth(
            _target(watched, watched.server_instance_id), callback_url=_callback(state), gate=gate
        ),
    )
    if isinstance(link, Failure):
        _warn("reauth.no_link", watched, reason=link.outcome.value)
        raise Unavailable
    config = settings.PROVIDERS[watched.provider]
    hosts, base_url = config["link_hosts"], config["base_url"]
    if not reauth_targets.is_allowed(link.url, hosts=hosts, base_url=base_url):
        _warn("reauth.link_refused", watched, reason=urlsplit(link.url).hostname or "")
        raise Unavailable
    reauth_requests.begin(
        request, attempt_id=attempt_id, announced_id=link.server_instance_id, now=at
    )
    return link.url


def finish(
    caller: Caller, state: str, *, status: str, account_id: str, now: datetime | None = None
) -> Finished:
    """Take what a browser brought back: `status` and `account_id` are in the provider's words.

    The integration goes on under its id with the new connection, and is due at once. Raises
    NotFound.
    """
    at = now or clock.now()
    attempt, expires_at = _attempt(caller, state)
    watched = attempt.request.integration
    ending = _ended_before(attempt)
    if ending is None and expires_at <= at:
        ending = Ending.LATE
    if ending is None and status not in {SUCCESS, ""}:
        ending = _settle(attempt, Ending.DECLINED, now=at)
    if ending is None:
        id = account_id or attempt.announced_id or watched.server_instance_id
        account = asking.ask(
            watched.provider,
            lambda provider, gate: provider.identify(_target(watched, id), gate=gate),
        )
        ending = _judged(attempt, account, now=at)
    logger.info(
        "reauth.finished", extra={"integration_id": str(watched.pk), "ending": ending.value}
    )
    return Finished(watched.pk, ending)


def is_known(caller: Caller, state: str) -> bool:
    """Say whether a state is of a way that this caller began."""
    try:
        _attempt(caller, state)
    except NotFound:
        return False
    return True


def _attempt(caller: Caller, state: str) -> tuple[ReauthAttempt, datetime]:
    try:
        token = reauth_tokens.read(Kind.STATE, state)
    except reauth_tokens.Forged:
        raise NotFound from None
    rows = ReauthAttempt.objects.select_related("request__integration").defer(*_HIDDEN)
    found = rows.filter(
        pk=token.nonce,
        request__in=ReauthRequest.objects.visible_to(caller).filter(user=token.user_id),
        # Still the same person's.
        request__integration__user=token.user_id,
        request__integration=token.integration_id,
    ).first()
    if found is None:
        raise NotFound
    return found, token.expires_at


def _ended_before(attempt: ReauthAttempt) -> Ending | None:
    if attempt.used_at is None:
        return None
    return Ending.DONE_BEFORE if attempt.request.is_done else Ending.USED


def _judged(attempt: ReauthAttempt, account: Account | Failure, *, now: datetime) -> Ending:
    watched = attempt.request.integration
    if isinstance(account, Failure):
        is_foreign = account.outcome in _NO_ACCOUNT
        return _settle(attempt, Ending.FOREIGN, now=now) if is_foreign else Ending.UNANSWERED
    if not _is_of(account, watched):
        return _settle(attempt, Ending.FOREIGN, now=now)
    if account.state not in {ConnectionState.ACTIVE, ConnectionState.PENDING}:
        return _settle(attempt, Ending.DEAD, now=now)
    return _settle(attempt, Ending.CONNECTED, now=now, account=account)


def _is_of(account: Account, watched: Integration) -> bool:
    """Say whether a connection is of the same user, and of the same service by the same way."""
    new = account.connection
    if new.server_instance_id == watched.server_instance_id:
        return True
    if not new.provider_user_id or new.provider_user_id != watched.provider_user_id:
        return False
    if watched.auth_config_id:
        return new.auth_config_id == watched.auth_config_id
    return new.service == watched.service


@transaction.atomic
def _settle(
    attempt: ReauthAttempt, ending: Ending, *, now: datetime, account: Account | None = None
) -> Ending:
    """Use a way up, once, and put the new connection in its place. Of two at once one does."""
    rows = Integration.objects.filter(pk=attempt.request.integration_id)
    locked = rows.defer(*Integration.SECRETS).select_for_update(no_key=True).first()
    unused = ReauthAttempt.objects.filter(pk=attempt.pk, used_at=None)
    if locked is None or not unused.update(used_at=now):
        attempt.refresh_from_db(fields=["used_at"])
        attempt.request.refresh_from_db(fields=["new_instance_id"])
        return _ended_before(attempt) or Ending.USED
    if account is not None:
        try:
            rebinding.rebind(locked, account, request=attempt.request, now=now)
        except rebinding.Taken:
            return Ending.TAKEN
    return ending


def _target(watched: Integration, instance_id: str) -> CheckTarget:
    return CheckTarget(
        integration_id=watched.pk,
        check_seq=0,
        provider=watched.provider,
        service=watched.service,
        server_instance_id=instance_id,
        provider_user_id=watched.provider_user_id,
        auth_config_id=watched.auth_config_id,
    )


def _callback(state: Token) -> str:
    # In the path: nobody who adds a query of their own can spoil it.
    path = reverse("reconnect-back", args=[reauth_tokens.sign(Kind.STATE, state)])
    return f"{settings.PUBLIC_URL}{path}"


def _warn(event: str, watched: Integration, *, reason: str) -> None:
    logger.warning(event, extra={"integration_id": str(watched.pk), "reason": reason})
