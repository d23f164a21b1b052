"""Run statements that may take so long, and no longer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled


class TooSlow(Exception):
    """The statement was ended, because it took longer than it may."""


def rows(sql: str, arguments: dict[str, Any], *, within: timedelta) -> list[tuple[Any, ...]]:
    """Return what a statement finds. Raises TooSlow; the transaction around it then still lives."""
    try:
        with _limit(within), connection.cursor() as cursor:
            cursor.execute(sql, arguments)
            return list(cursor.fetchall())
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooSlow from error
        raise


@contextmanager
def _limit(length: timedelta) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        (before,) = cursor.fetchone() or ("0",)
        # Zero would be no limit at all.
        _set(max(length, timedelta(milliseconds=1)) // timedelta(milliseconds=1))
        yield
        # After an error the savepoint does this.
        _set(before)


def _set(timeout: int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(timeout)])
