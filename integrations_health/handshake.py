"""What a client shows when it opens a WebSocket: where it comes from, and as whom."""

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.http import parse_cookie

# Offered by the client with its token, and answered alone: the token is not shown again.
SUBPROTOCOL = "bearer"
_PORTS = {"http": 80, "https": 443}
_TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*")


class Refused(Exception):
    """The socket is not opened; the text says why, for the log."""


class Proof(StrEnum):
    """By what a client proves who it is."""

    TOKEN = "token"
    TICKET = "ticket"
    SESSION = "session"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What a client shows; whether it is good is not known yet."""

    proof: Proof
    secret: str = field(repr=False)
    subprotocol: str | None = None


def read(scope: Mapping[str, Any], *, origins: Collection[str], session_cookie: str) -> Claim:
    """Return what a client shows. Raises Refused.

    `origins` are those from which browsers may come. A browser always says its origin; without one
    no cookie counts, because then nobody vouches that the page was ours.
    """
    has_origin = _came_from(scope, origins)
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    if any(_TOKEN.fullmatch(value) for _, value in query):
        raise Refused("a token in the address")
    if token := _token(scope.get("subprotocols") or []):
        return Claim(proof=Proof.TOKEN, secret=token, subprotocol=SUBPROTOCOL)
    if tickets := [value for name, value in query if name == "ticket"]:
        return Claim(proof=Proof.TICKET, secret=tickets[0])
    if has_origin and (key := _cookies(scope).get(session_cookie)):
        return Claim(proof=Proof.SESSION, secret=key)
    raise Refused("nothing that proves who it is")


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, written in one way. Raises Refused."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise Refused("an origin that is no web page's") from None
    if not parts.hostname or parts.username is not None:
        raise Refused("an origin that is no web page's")
    return f"{parts.scheme}://{parts.hostname}:{port}"


def digest_of(session_key: str) -> str:
    """Return how a session is named in messages: its key itself would open it."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def _came_from(scope: Mapping[str, Any], origins: Collection[str]) -> bool:
    """Say whether the client names its origin. Raises Refused for one that is not allowed."""
    named = _values(scope, b"origin")
    if not named:
        return False
    if len(named) > 1 or origin_of(named[0]) not in map(origin_of, origins):
        raise Refused("a foreign origin")
    return True


def _token(subprotocols: Collection[str]) -> str:
    words = list(subprotocols)
    if SUBPROTOCOL not in words:
        return ""
    others = [word for word in words if word != SUBPROTOCOL]
    if len(others) != 1:
        raise Refused("a subprotocol `bearer` without one token after it")
    return others[0]


def _cookies(scope: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in _values(scope, b"cookie"):
        found |= parse_cookie(header)
    return found


def _values(scope: Mapping[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
