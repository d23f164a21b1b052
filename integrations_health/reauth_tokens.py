"""Sign what a browser carries through a re-authentication, and read it back."""

import base64
import binascii
import struct
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.core import signing

# Of an address: nothing in it that a mail program would break, or a path give a meaning to.
_SEPARATOR = "."
_FORM = struct.Struct(">16s16s16sQ")


class Kind(StrEnum):
    """What a token is for; one cannot be used as the other."""

    LINK = "reauth.link"
    STATE = "reauth.state"


class Token(NamedTuple):
    """Whose token it is, for which integration, and by which row it is known: `nonce`."""

    user_id: UUID
    integration_id: UUID
    nonce: UUID
    expires_at: datetime


class Forged(Exception):
    """We did not sign this, or not for this."""


def sign(kind: Kind, token: Token) -> str:
    """Return a token as it stands in an address. The same one is always the same text."""
    ids = (token.user_id.bytes, token.integration_id.bytes, token.nonce.bytes)
    packed = _FORM.pack(*ids, int(token.expires_at.timestamp()))
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return _signer(kind).sign(text)


def read(kind: Kind, text: str) -> Token:
    """Return what we signed, in time or not. Raises Forged."""
    try:
        signed = _signer(kind).unsign(text)
        packed = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
        *ids, expires_at = _FORM.unpack(packed)
    except (signing.BadSignature, binascii.Error, struct.error, ValueError):
        raise Forged from None
    user_id, integration_id, nonce = (UUID(bytes=one) for one in ids)
    return Token(user_id, integration_id, nonce, datetime.fromtimestamp(expires_at, UTC))


def _signer(kind: Kind) -> signing.Signer:
    return signing.Signer(sep=_SEPARATOR, salt=kind.value)
