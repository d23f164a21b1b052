"""Read what Composio tells by itself: when it was signed, and which account expired."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

import msgspec

EXPIRED = "composio.connected_account.expired"
TOLERANCE = timedelta(seconds=300)
MOST_SIGNATURES = 10
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)


class Signed(NamedTuple):
    """What the headers of a signed call say: its id, the same whenever it is sent, and when.

    `at` is in unix seconds.
    """

    id: str
    at: int

    def is_timely(self, *, now: datetime) -> bool:
        """Say whether it was signed so near to `now` that it is no old one, sent once more."""
        return abs(now.timestamp() - self.at) <= TOLERANCE.total_seconds()


class _Account(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]{1,255}\Z")]


class _Expired(msgspec.Struct):
    """Skips all the rest of the account, credentials too."""

    type: Literal["composio.connected_account.expired"]
    data: _Account


_read_expired = msgspec.json.Decoder(_Expired).decode


def signed(headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str]) -> Signed | None:
    """Return what is known of a call by its headers, None unless one of `secrets` signed it."""
    id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (id and _SECONDS.fullmatch(at) and f"{id}{signatures}".isascii()):
        return None
    content = f"{id}.{at}.".encode() + body
    theirs = signatures.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]
    ours = [_signature(content, secret) for secret in secrets]
    is_signed = any(hmac.compare_digest(one, other) for one in theirs for other in ours)
    return Signed(id, int(at)) if is_signed else None


def expired_account(body: bytes) -> str | None:
    """Return the id of the account that can no longer be refreshed, None of any other event."""
    try:
        return _read_expired(body).data.id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _signature(content: bytes, secret: str) -> str:
    # The key is the secret as it stands: libraries for Standard Webhooks decode a `whsec_` first.
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
