"""Who opened a WebSocket, and whether they still may look."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from integrations_health import handshake, signed_in, tickets, tokens
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
    holder = _holder(claim, now=now)
    if holder is None or not holder.caller.may(Scope.READ):
        raise Refused("a proof that is worth nothing, or too little")
    caller = holder.caller
    visitor = Visitor(caller=caller, user_id=_user_id(caller), session_key=holder.session_key)
    if not may_stay(visitor, now=now):
        raise Refused("an account that is switched off, or a proof that has ended")
    return visitor


def may_stay(visitor: Visitor, *, now: datetime) -> bool:
    """Say whether the proof still stands: not expired, signed in, active, key not revoked."""
    return which_stay([visitor], now=now)[0]


def which_stay(visitors: Sequence[Visitor], *, now: datetime) -> list[bool]:
    """Say of each whether they may stay. Four queries at most, however many."""
    keys_of_sessions = {one.session_key for one in visitors if one.session_key is not None}
    signed = signed_in.users_of(keys_of_sessions, now=now)
    keys = ApiKey.objects.in_bulk({one.caller.key_id for one in visitors if one.caller.key_id})
    off = _switched_off([one for one in visitors if one.session_key is None])

    def stays(one: Visitor) -> bool:
        caller = one.caller
        if has_run_out(one, now=now):
            return False
        if one.session_key is not None:
            user = signed.get(one.session_key)
            return user is not None and user.pk == one.user_id
        if caller.key_id is not None and (
            caller.key_id not in keys or keys[caller.key_id].has_ended(now)
        ):
            return False
        return (one.user_id or caller.external_id) not in off

    return [stays(one) for one in visitors]


def has_run_out(visitor: Visitor, *, now: datetime) -> bool:
    """Say whether the proof has ended by itself, for which nobody need be asked."""
    expires_at = visitor.caller.expires_at
    return expires_at is not None and expires_at <= now


def has_lost(visitor: Visitor, *, ended_session: str) -> bool:
    """Say whether a visitor must go when their user's access changes, before anybody asks anew.

    Of a ticket that a session got from the release before, nobody can say whether it was this one
    that ended.
    """
    if visitor.session_key is None:
        return visitor.caller.way is Way.SESSION
    return handshake.digest_of(visitor.session_key) == ended_session


def _holder(claim: Claim, *, now: datetime) -> Holder | None:
    if claim.proof is Proof.TICKET:
        return tickets.redeem(claim.secret)
    if claim.proof is Proof.SESSION:
        user = signed_in.users_of({claim.secret}, now=now).get(claim.secret)
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


def _switched_off(visitors: Iterable[Visitor]) -> set[UUID | str | None]:
    """Return which of these people are switched off, by our id or else by the application's.

    Whom nobody knew when the socket was opened may be known by now.
    """
    ids = {one.user_id for one in visitors if one.user_id is not None}
    strangers = {one.caller.external_id for one in visitors if one.user_id is None} - {None}
    if not ids and not strangers:
        return set()
    of_them = Q(pk__in=ids) | Q(external_id__in=strangers)
    off = User.objects.filter(of_them, is_active=False).values_list("pk", "external_id")
    return {name for pair in off for name in pair} - {None}
