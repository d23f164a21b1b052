"""Where a provider may send a person to connect again: nowhere but to hosts that we know."""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

# Anything else is read in one way by us, and maybe in another by a browser.
_PLAIN = re.compile(r"[!-\[\]-~]+")


def is_allowed(url: str, *, hosts: Collection[str], base_url: str) -> bool:
    """Say whether people may be sent to `url`.

    Over https to one of `hosts`, or to the very origin at which we ask the provider: that is where
    the simulator has its pages.
    """
    if not _PLAIN.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return False
    if parts.scheme in {"http", "https"} and _origin(parts) == _origin(urlsplit(base_url)):
        return True
    return parts.scheme == "https" and parts.hostname in hosts and port in {None, 443}


def host_of(url: str) -> str:
    """Return the host of an address, empty where nobody could tell."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
