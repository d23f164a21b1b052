"""Read what a provider's headers say of how often we may ask."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from integrations_health.providers.base import RateLimit

FOREVER = timedelta(days=3650)

_SECONDS = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_WINDOW = re.compile(r"(\d{1,6})\s*s?", re.ASCII)


def rate_limit(headers: httpx.Headers) -> RateLimit | None:
    """Return the budget that `X-RateLimit*` headers tell, None where they are missing or odd."""
    remaining = headers.get("x-ratelimit-remaining", "")
    limit = headers.get("x-ratelimit") or headers.get("x-ratelimit-limit") or ""
    window = _WINDOW.fullmatch(headers.get("x-ratelimit-window-size", "60s").strip())
    if window is None or not _COUNT.fullmatch(limit) or not _COUNT.fullmatch(remaining):
        return None
    seconds = int(window[1])
    if int(limit) == 0 or seconds == 0:
        return None
    return RateLimit(limit=int(limit), remaining=int(remaining), window=timedelta(seconds=seconds))


def sent_at(headers: httpx.Headers) -> datetime:
    """Return when the provider says it answered; our own time where it says nothing usable.

    A date in `Retry-After` is the provider's: held against our clock, an hour that this machine is
    slow would become an hour of silence.
    """
    try:
        at = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return datetime.now(UTC)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def retry_after(text: str | None, *, now: datetime) -> timedelta | None:
    """Return how long `Retry-After` asks us to wait, seconds or an HTTP date, as it came.

    That may be negative or very long (ten years at most); None for what cannot be understood.
    """
    text = (text or "").strip()
    if _SECONDS.fullmatch(text):
        bound = FOREVER.total_seconds()
        return timedelta(seconds=max(-bound, min(float(text), bound)))
    try:
        return max(-FOREVER, min(parsedate_to_datetime(text) - now, FOREVER))
    except (ValueError, TypeError, OverflowError):
        return None
