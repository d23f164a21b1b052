"""Count tries to sign in before the password is looked at, and refuse them when there are many.

Counted first, so that a hundred tries at once are a hundred tries. Whether there is such an account
makes no difference to anything here.
"""

import ipaddress
import logging
import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.crypto import salted_hmac

logger = logging.getLogger(__name__)

FORGOTTEN_AFTER = timedelta(minutes=15)
# Few from one place, so that whoever guesses from there keeps nobody out who is elsewhere; more for
# the account from everywhere, and for the place with whatever accounts: an office has one address.
MOST_OF_ACCOUNT_AND_ADDRESS = 10
MOST_OF_ACCOUNT = 50
MOST_OF_ADDRESS = 100
# Each try adds three rows at most and takes away more.
SWEPT_AT_ONCE = 10


def take(name: str, address: str, *, now: datetime | None = None) -> timedelta | None:
    """Count a try; return how long to wait when there were too many, else None.

    One statement that commits by itself, whatever becomes of the try. `now` replaces the database's
    clock in tests.
    """
    limits = _limits(name, address)
    asked: dict[str, Any] = {
        "keys": sorted(limits),  # ordered: two tries must not lock the same rows crosswise
        "now": now,
        "window": FORGOTTEN_AFTER,
        "swept": SWEPT_AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH n AS (SELECT COALESCE(%(now)s, now()) AS at),
            swept AS (
                DELETE FROM sign_in_tries WHERE key IN (
                    SELECT t.key FROM sign_in_tries t, n
                    WHERE t.until < n.at AND t.key <> ALL(%(keys)s)
                    ORDER BY t.until LIMIT %(swept)s FOR UPDATE OF t SKIP LOCKED
                )
            )
            INSERT INTO sign_in_tries AS t (key, tries, until)
            SELECT k.key, 1, n.at + %(window)s FROM unnest(%(keys)s::text[]) AS k(key), n
            ON CONFLICT (key) DO UPDATE SET
                tries = CASE WHEN t.until <= (SELECT at FROM n) THEN 1 ELSE t.tries + 1 END,
                until = CASE WHEN t.until <= (SELECT at FROM n) THEN EXCLUDED.until ELSE t.until END
            RETURNING key, tries, until - (SELECT at FROM n)
            """,
            asked,
        )
        waits: list[timedelta] = [
            left for key, tries, left in cursor.fetchall() if tries > limits[key]
        ]
    if not waits:
        return None
    logger.warning("sign_in.too_many_tries", extra={"address": address})
    return max(waits)


def forgive(name: str, address: str) -> None:
    """Forget what an account was tried with from an address; the address keeps the tries of others.

    Called when somebody signed in.
    """
    pair, account, *place = _keys(name, address)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH signed_in AS (DELETE FROM sign_in_tries WHERE key = ANY(%s))"
            " UPDATE sign_in_tries SET tries = GREATEST(tries - 1, 0) WHERE key = ANY(%s)",
            [[pair, account], place],
        )


def minutes(wait: timedelta) -> int:
    """Return a wait in whole minutes, one at least."""
    return max(math.ceil(wait / timedelta(minutes=1)), 1)


def _limits(name: str, address: str) -> dict[str, int]:
    most = (MOST_OF_ACCOUNT_AND_ADDRESS, MOST_OF_ACCOUNT, MOST_OF_ADDRESS)
    return dict(zip(_keys(name, address), most, strict=False))


def _keys(name: str, address: str) -> list[str]:
    account, place = name.strip().casefold(), _network(address)
    keyed: Iterable[tuple[str, str]] = [("pair", f"{place} {account}"), ("account", account)]
    if place:
        keyed = [*keyed, ("address", place)]
    return [salted_hmac(f"sign_in_tries.{kind}", text, algorithm="sha256").hexdigest()
            for kind, text in keyed]  # fmt: skip


def _network(address: str) -> str:
    """Return the address; of IPv6, of which one household has many, the network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
    return str(parsed)
