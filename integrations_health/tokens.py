"""The application's tokens: read one into a Caller, without a database, or issue one."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
from django.conf import settings

from integrations_health import public_keys, typed_values
from integrations_health.access import OWN, Caller, Scope, Way

if TYPE_CHECKING:
    from integrations_health.models import User

SECRET_ALGORITHM = "HS256"
# Clocks of two machines differ.
LEEWAY = timedelta(seconds=10)
LONGEST = 8_192
LONGEST_EXTERNAL_ID = 255
REASONS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidIssuerError: "The token is from another issuer.",
}


class Refused(Exception):
    """A token does not prove who is asking; the text says why, and shows nothing of the token."""


class Unavailable(Refused):
    """It cannot be told now whether a token is good: the key server does not answer."""


class CannotIssue(Exception):
    """A token cannot be issued; the text says what is missing."""


def read(token: str) -> Caller:
    """Return who shows this token. Raises Refused, and its kind Unavailable."""
    if len(token) > LONGEST:
        raise Refused("The token is too long.")
    try:
        return _caller(_verified(token))
    except jwt.MissingRequiredClaimError as error:
        raise Refused(f"The token has no claim `{error.claim}`.") from None
    # Beyond PyJWT's own: what Python says of numbers without end and of JSON without bottom.
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Refused(REASONS.get(type(error), "The token is not one of ours.")) from None


def issue(user: "User", *, lifetime: timedelta, scopes: Iterable[Scope], now: datetime) -> str:
    """Return a token for `user`, signed with JWT_SECRET. Raises CannotIssue."""
    if not settings.JWT_SECRET:
        raise CannotIssue("JWT_SECRET is not set: only the application can sign tokens.")
    claims: dict[str, Any] = {
        "sub": str(user.pk),
        "scope": " ".join(sorted(scopes)),
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
    }
    if settings.JWT_USER_CLAIM:
        if not user.external_id:
            raise CannotIssue(
                "The user has no external id, and with JWT_USER_CLAIM a token names a user by it."
            )
        claims[settings.JWT_USER_CLAIM] = user.external_id
    if settings.JWT_AUDIENCE:
        claims["aud"] = settings.JWT_AUDIENCE
    if settings.JWT_ISSUER:
        claims["iss"] = settings.JWT_ISSUER
    return jwt.encode(claims, settings.JWT_SECRET, algorithm=SECRET_ALGORITHM)


def _verified(token: str) -> dict[str, Any]:
    key, algorithm = _key_for(jwt.get_unverified_header(token))
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        leeway=LEEWAY,
        audience=settings.JWT_AUDIENCE or None,
        issuer=settings.JWT_ISSUER or None,
        options={
            "require": ["exp", settings.JWT_USER_CLAIM or "sub"],
            "verify_aud": bool(settings.JWT_AUDIENCE),
            "verify_iss": bool(settings.JWT_ISSUER),
        },
    )
    return claims


def _key_for(header: dict[str, Any]) -> tuple[Any, str]:
    """Return the key and the one algorithm it is for.

    A token chooses among our keys, never what a key is used for: a public key verifies no HS256,
    and the secret nothing else.
    """
    if header.get("alg") == SECRET_ALGORITHM and settings.JWT_SECRET:
        return settings.JWT_SECRET, SECRET_ALGORITHM
    if header.get("alg") not in public_keys.ALGORITHMS or not settings.JWT_JWKS:
        raise Refused("The token is not signed in a way that is accepted here.")
    try:
        key = public_keys.key_set(settings.JWT_JWKS).key(header.get("kid"))
    except public_keys.Unknown:
        raise Refused("The token is signed by a key that is not known here.") from None
    except public_keys.Unavailable:
        raise Unavailable("The key server does not answer. Try again in a moment.") from None
    return key.key, key.algorithm_name


def _caller(claims: dict[str, Any]) -> Caller:
    scope = claims.get("scope", "")
    words = scope.split() if isinstance(scope, str) else ()
    user_id, external_id = None, None
    if settings.JWT_USER_CLAIM:
        external_id = _external_id(claims[settings.JWT_USER_CLAIM])
    else:
        user_id = _user_id(claims["sub"])
    return Caller(
        way=Way.TOKEN,
        scopes=OWN | {Scope.STAFF} if Scope.STAFF in words else OWN,
        user_id=user_id,
        external_id=external_id,
        expires_at=_end(claims["exp"]),
    )


def _end(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OSError, OverflowError, ValueError):
        raise Refused("The claim `exp` is no time in seconds.") from None


def _user_id(subject: object) -> UUID:
    try:
        return UUID(str(subject))
    except ValueError:
        raise Refused("The claim `sub` is not the id of a user here (a UUID).") from None


def _external_id(value: object) -> str:
    try:
        external_id = typed_values.exact(value, most=LONGEST_EXTERNAL_ID)
    except typed_values.Bad:
        external_id = ""
    if not external_id:
        raise Refused(
            f"The claim `{settings.JWT_USER_CLAIM}` is not the application's id of a user "
            f"(text of 1 to {LONGEST_EXTERNAL_ID} characters)."
        )
    return external_id
