"""Read where metrics are pushed to: the address of a Pushgateway, and who we are to it."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit


class NoGateway(ValueError):
    """It is no address of a Pushgateway. The text shows nothing of it: it may hold a password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gateway:
    """A Pushgateway: its address without who we are, and a name and password where it wants any."""

    url: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def read(text: str) -> Gateway | None:
    """Return the gateway of a URL, None for an empty one. Raises NoGateway."""
    if not text:
        return None
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number, brackets that do not close
        raise NoGateway from None
    is_plain = text.isascii() and text.isprintable() and " " not in text
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise NoGateway
    if not is_plain or bool(parts.username) != bool(parts.password):
        raise NoGateway
    named = f"[{host}]" if ":" in host else host
    place = f"{named}:{port}" if port else named
    return Gateway(
        url=parts._replace(netloc=place).geturl().rstrip("/"),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
