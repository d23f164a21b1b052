"""Who opened a WebSocket, and whether they still may look."""

from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest

from integrations_health import handshake, tickets, tokens
from integrations_health.access import Caller, Scope, Way
from integrations_health.authentication import caller_of_session
from integrations_health.handshake import Claim, Proof, Refused
from integrations_health.models import ApiKey, User
from integrations_health.tickets import Holder


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """A caller with what is needed to ask again later; `user_id` is known for who has a row."""

    caller: Caller
    user_id: UUID | None
    session_key: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Return by what the sockets of one user are counted; empty for a back end."""
        return str(self.user_id or self.caller.external_id or "")


def of(claim: Claim, *, now: datetime) -> Visitor:
    """Return who makes this claim. Raises Refused, tickets.Unavailable and DatabaseError."""
    holder = _holder(claim)
    if holder is None or not holder.caller.may(Scope.READ):
        raise Refused("a proof that is worth nothing, or too little")
    caller = holder.caller
    visitor = Visitor(caller=caller, user_id=_user_id(caller), session_key=holder.session_key)
    if not may_stay(visitor, now=now):
        raise Refused("an account that is switched off, or a proof that has ended")
    return visitor


def may_stay(visitor: Visitor, *, now: datetime) -> bool:
    """Say whether the proof still stands: not expired, signed in, active, key not revoked."""
    caller = visitor.caller
    if caller.expires_at is not None and caller.expires_at <= now:
        return False
    if visitor.session_key is not None:
        user = _user_of_session(visitor.session_key)
        return user is not None and user.pk == visitor.user_id
    if caller.key_id is not None:
        key = ApiKey.objects.filter(pk=caller.key_id).first()
        if key is None or key.has_ended(now):
            return False
    # Whom nobody knew when the socket was opened may be known by now.
    user_id = visitor.user_id or _user_id(caller)
    return user_id is None or not User.objects.filter(pk=user_id, is_active=False).exists()


def has_lost(visitor: Visitor, *, ended_session: str) -> bool:
    """Say whether a visitor must go when their user's access changes, before anybody asks anew.

    Of a ticket that a session got from the release before, nobody can say whether it was this one
    that ended.
    """
    if visitor.session_key is None:
        return visitor.caller.way is Way.SESSION
    return handshake.digest_of(visitor.session_key) == ended_session


def _holder(claim: Claim) -> Holder | None:
    if claim.proof is Proof.TICKET:
        return tickets.redeem(claim.secret)
    if claim.proof is Proof.SESSION:
        user = _user_of_session(claim.secret)
        if user is None:
            return None
        return Holder(caller=caller_of_session(user), session_key=claim.secret)
    try:
        return Holder(caller=tokens.read(claim.secret))
    except tokens.Refused as error:
        raise Refused("a token that is worth nothing") from error


def _user_id(caller: Caller) -> UUID | None:
    if caller.user_id is not None or caller.external_id is None:
        return caller.user_id
    return User.objects.filter(external_id=caller.external_id).values_list("pk", flat=True).first()


def _user_of_session(key: str) -> User | None:
    """Return the active user who is signed in, as Django's own middleware would."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    return user if isinstance(user, User) else None
