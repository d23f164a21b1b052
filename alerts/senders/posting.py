"""Post one message over HTTP within a total deadline, and read the answer's meaning."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta

import httpx

from alerts.senders import guard
from alerts.senders.base import MayWorkLater, NeverWorks
from integrations_health.providers import limits

DEADLINE_SECONDS = 15.0
# For answers of which a second look hardly ever changes anything.
FEW_ATTEMPTS = 3
LONGEST_WAIT = timedelta(hours=24)
GONE = frozenset({410})
_LATER = frozenset({408, 425, 429})


async def post(
    client: httpx.AsyncClient,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    gone: Collection[int] = GONE,
) -> None:
    """Post `body`; nobody reads the body of the answer.

    Raises NeverWorks or MayWorkLater when there is no answer, and for one that is not a 2xx; with
    a status in `gone`, the destination exists no more.
    """
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            status, wait = answer.status_code, retry_after(answer.headers)
    except guard.Refused:
        raise NeverWorks("The address is inside a private network.") from None
    except (TimeoutError, httpx.TimeoutException):
        raise MayWorkLater("There was no answer in time.") from None
    except httpx.InvalidURL:
        raise NeverWorks("The address is not a URL.") from None
    except (httpx.HTTPError, OSError):
        raise MayWorkLater("It could not be reached.") from None
    except UnicodeError:
        raise NeverWorks("The address is not a URL.") from None
    judge(status, wait=wait, gone=gone)


def judge(status: int, *, wait: timedelta | None, gone: Collection[int] = GONE) -> None:
    """Raise NeverWorks or MayWorkLater unless an answer with this status means "taken"."""
    if 200 <= status < 300:
        return
    said = f"It answered with status {status}."
    if status in gone:
        raise NeverWorks(said, is_gone=True)
    if 300 <= status < 400:
        # Not followed: who moved must say so here, and a redirect may lead anywhere.
        raise MayWorkLater(f"{said} Redirects are not followed.", most_attempts=FEW_ATTEMPTS)
    if status >= 500 or status in _LATER:
        raise MayWorkLater(said, wait=wait)
    raise MayWorkLater(said, wait=wait, most_attempts=FEW_ATTEMPTS)


def retry_after(headers: httpx.Headers) -> timedelta | None:
    """Return what a Retry-After header asks for, a day at most; None for what is over or odd."""
    asked = limits.retry_after(headers.get("retry-after"), now=limits.sent_at(headers))
    if asked is None or asked < timedelta():
        return None
    return min(asked, LONGEST_WAIT)
