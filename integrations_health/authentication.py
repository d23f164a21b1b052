"""Find out who sends a request: by a token, an API key or a session."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from integrations_health import api_keys, database_faults, people, tokens
from integrations_health.access import ACT_FOR, OWN, Caller, Scope, Way
from integrations_health.models import User
from integrations_health.problems import Problem, unavailable

SCHEME = "Bearer"
CHALLENGE = 'Bearer realm="integration-health"'
LONGEST_REFERENCE = 255


def caller_of_session(user: User) -> Caller:
    """Return who is signed in. Staff, too, see only their own outside of the admin."""
    return Caller(
        way=Way.SESSION, scopes=OWN, user_id=user.pk, external_id=user.external_id or None
    )


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer` with a token of the application, or with an API key (`ihk_...`)."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """Return the caller; None when there is no such header. Raises Problem."""
        scheme, _, proof = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        proof = proof.strip()
        if proof.startswith(api_keys.START):
            return _caller_of_key(proof, request.headers.get(ACT_FOR)), None
        return _caller_of_token(proof), None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that goes with a 401."""
        return CHALLENGE


class CallerOfSession(SessionAuthentication):
    """The session of a browser; what changes something needs the CSRF token too."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        """Return the caller; None when nobody is signed in. Raises Problem."""
        found = super().authenticate(request)
        return found and (caller_of_session(found[0]), None)

    def enforce_csrf(self, request: Request) -> None:
        """Raise Problem when the request may come from somebody else's page."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise Problem(
                status=403,
                code="csrf_failed",
                detail="Send the value of the cookie `csrftoken` in the header `X-CSRFToken`, "
                "from a page of this site.",
            ) from None


def _caller_of_token(token: str) -> Caller:
    try:
        return tokens.read(token)
    except tokens.Unavailable as error:
        raise unavailable("key_server_unavailable", str(error)) from None
    except tokens.Refused as error:
        raise _refused(str(error)) from None


def _caller_of_key(key: str, acting_for: str | None) -> Caller:
    now = timezone.now()
    try:
        caller = api_keys.read(key, now=now)
        return caller if acting_for is None else _acting(caller, acting_for)
    except api_keys.Refused as error:
        raise _refused(str(error)) from None
    except database_faults.AWAY:
        known = _remembered(key, acting_for, now=now)
        if known is None:
            raise
        return known


def _remembered(key: str, acting_for: str | None, *, now: datetime) -> Caller | None:
    """Return who shows a key, as it was known when the database last answered."""
    caller = api_keys.remembered(key, now=now)
    if caller is None or acting_for is None:
        return caller
    reference = _reference_for(caller, acting_for)
    try:
        user_id = UUID(reference)
    except ValueError:
        user_id = None
    # Ours or the application's, as `people.act_for` has it.
    return replace(caller, user_id=user_id, external_id=reference)


def _refused(reason: str) -> Problem:
    return Problem(
        status=401,
        code="refused",
        detail=reason,
        headers={"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'},
    )


def _acting(caller: Caller, sent: str) -> Caller:
    reference = _reference_for(caller, sent)
    try:
        user = people.act_for(reference)
    except people.Ambiguous:
        raise _no_reference() from None
    except people.Inactive:
        raise Problem(
            status=403, code="user_inactive", detail="The account of that user is switched off."
        ) from None
    if user is None:
        return replace(caller, external_id=reference)
    return replace(caller, user_id=user.pk, external_id=user.external_id)


def _reference_for(caller: Caller, sent: str) -> str:
    """Return the id of whom a caller wants to act for. Raises Problem."""
    if not caller.may(Scope.WRITE):
        raise Problem(
            status=403, code="scope_missing", detail="An API key that only reads acts for nobody."
        )
    try:
        return _reference(sent)
    except ValueError:
        raise _no_reference() from None


def _no_reference() -> Problem:
    return Problem(
        status=400,
        code="invalid_act_for",
        detail=f"The header `{ACT_FOR}` is one id of a user, ours or yours, of 1 to "
        f"{LONGEST_REFERENCE} characters.",
    )


def _reference(sent: str) -> str:
    """Return the id in a header, whose bytes reach us as Latin-1. Raises ValueError."""
    reference = sent.encode("latin-1").decode()
    if not 0 < len(reference) <= LONGEST_REFERENCE or not reference.isprintable():
        raise ValueError
    return reference
