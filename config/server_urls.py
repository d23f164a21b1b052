"""Read where PostgreSQL and Redis are, from URLs that may hold a password."""

import re
import warnings
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg
from psycopg.conninfo import make_conninfo
from redis import ConnectionPool, RedisError

# How Celery calls what redis-py calls `ssl_cert_reqs=none`; it takes either.
_CELERYS = re.compile(r"(?<=ssl_cert_reqs=)CERT_(REQUIRED|OPTIONAL|NONE)")
# What Django takes of a connection's options for itself; libpq knows the others.
_DJANGOS = {"assume_role", "isolation_level", "server_side_binding"}


class NotUnderstood(ValueError):
    """It is no such URL. The text shows nothing of it: it may hold a password."""


def database(url: str) -> dict[str, Any]:
    """Return a PostgreSQL as Django is told of one. Raises NotUnderstood."""
    try:
        is_postgresql = url.partition("://")[0].lower() in environ.Env.POSTGRES_FAMILY
        with warnings.catch_warnings():
            # They would show all of it.
            warnings.simplefilter("ignore")
            found: dict[str, Any] = environ.Env.db_url_config(url)
        options = found.setdefault("OPTIONS", {})
        make_conninfo(**{name: options[name] for name in options.keys() - _DJANGOS})
    except (ValueError, psycopg.Error):
        raise NotUnderstood from None
    if not is_postgresql or not (found.get("NAME") or "service" in options):
        raise NotUnderstood
    return found


def redis(url: str) -> str:
    """Return the URL of a Redis-compatible server as redis-py takes it. Raises NotUnderstood."""
    return _of_redis(url, schemes=("redis", "rediss", "unix"))


def broker(url: str) -> str:
    """Return the same for Celery, which takes no `unix:`. Raises NotUnderstood."""
    return _of_redis(url, schemes=("redis", "rediss"))


def _of_redis(url: str, *, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        is_reachable = parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        raise NotUnderstood from None
    # Of a socket it is the path of a file, else the number of a database.
    path = parts.path.removeprefix("/")
    is_place = path != "" if parts.scheme == "unix" else path == "" or path.isdecimal()
    # An unquoted # ends the URL in the middle of a password.
    if parts.scheme not in schemes or not (is_reachable and is_place) or parts.fragment:
        raise NotUnderstood
    before, mark, options = url.partition("?")
    understood = before + mark + _CELERYS.sub(lambda found: found[1].lower(), options)
    try:
        # It says which options it knows only when it makes one, which connects nowhere.
        ConnectionPool.from_url(understood).make_connection()
    except (TypeError, ValueError, RedisError):
        raise NotUnderstood from None
    return understood
