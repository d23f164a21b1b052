"""Take back who went to a provider to connect again, with the new connection.

What comes back is believed only as far as the provider says so itself.
"""

import logging
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from integrations_health import asking, clock, reauth_tokens, rebinding
from integrations_health.access import Caller
from integrations_health.models import Integration, ReauthAttempt, ReauthRequest
from integrations_health.outcomes import Outcome
from integrations_health.providers.base import Account, ConnectionState, Failure
from integrations_health.reauth_tokens import Kind

logger = logging.getLogger(__name__)

SUCCESS = "success"
_HIDDEN = [f"request__integration__{secret}" for secret in Integration.SECRETS]
# The provider knows no such connection, or it cannot be the id of one.
_NO_ACCOUNT = {Outcome.DISCONNECTED, Outcome.PROBE_MISCONFIGURED}


class NotFound(Exception):
    """There is no such way, or it is somebody else's."""


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
            lambda provider, gate: provider.identify(asking.target(watched, id), gate=gate),
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
    # By this way or by another: who began in two windows comes back twice.
    if attempt.request.is_done:
        return Ending.DONE_BEFORE
    is_over = attempt.used_at is not None or attempt.request.closed_at is not None
    return Ending.USED if is_over else None


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
    if locked is None or locked.user_id != attempt.request.user_id:
        raise NotFound
    attempt.refresh_from_db(fields=["used_at"])
    attempt.request.refresh_from_db(fields=["closed_at", "new_instance_id"])
    if (ended := _ended_before(attempt)) is not None:
        return ended
    ReauthAttempt.objects.filter(pk=attempt.pk).update(used_at=now)
    if account is not None:
        try:
            rebinding.rebind(locked, account, request=attempt.request, now=now)
        except rebinding.Taken:
            return Ending.TAKEN
    return ending
