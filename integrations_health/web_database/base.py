"""Django's backend of PostgreSQL, behind a breaker.

Django looks for `DatabaseWrapper` in a module of this name.
"""

import logging
import time
from functools import cached_property
from types import TracebackType
from typing import Any

import psycopg
from django.db.utils import DatabaseErrorWrapper
from django_prometheus.db.backends.postgresql import base

from integrations_health.breaker import Breaker
from integrations_health.web_database import waiting

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0
# To find out whether a connection of the pool still works.
CHECK_SECONDS = 0.7
# The server ends a session: it shuts down, restarts, or somebody with the right to it wants so.
_ENDED = "57P0"
_READ_ONLY = "25006"
# One of each process.
breaker = Breaker(rest_seconds=REST_SECONDS)


class NotAsked(psycopg.OperationalError):
    """The database did not answer a moment ago, so it was not asked again."""


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]  # published without types
    """Asks for a connection only while the database answers; what fails on one is noted."""

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        """Return what turns each error of the driver into one of Django's."""
        return _Noting(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that works. Raises psycopg.Error, and its kind NotAsked."""
        began = time.monotonic()
        if not breaker.admits(now=began):
            raise NotAsked("the database did not answer a moment ago")
        if breaker.is_shut and self.pool is not None and not self.pool.closed:
            # A trial. The pool's connections are from before, and trying each takes a second.
            self.pool.drain()
        try:
            with waiting.at_most(CHECK_SECONDS):
                found = super().get_new_connection(conn_params)
        except psycopg.Error as error:
            # That others kept all connections for too long does not count: they had an answer.
            _fail(error, began=began)
            raise
        if breaker.succeed(now=time.monotonic()):
            logger.warning("database.back")
        return found


class _Noting(DatabaseErrorWrapper):
    wrapper: Any

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection = self.wrapper.connection
        if connection is not None and isinstance(exc_value, psycopg.Error):
            _note(exc_value, connection)
        super().__exit__(exc_type, exc_value, traceback)


def _note(error: psycopg.Error, connection: Any) -> None:
    """Draw the conclusion of an error on a connection that was had already."""
    sqlstate = error.sqlstate or ""
    if isinstance(error, waiting.NoAnswer):
        _fail(error, began=error.began)
    elif sqlstate.startswith(_ENDED) or connection.closed:
        # It may have been this session alone: the next one finds out at once.
        if breaker.doubt(now=time.monotonic()):
            logger.warning("database.session_ended", extra={"reason": type(error).__name__})
    elif sqlstate == _READ_ONLY:
        # After a fail-over the way to the server that takes writes is a new connection.
        connection.close()


def _fail(error: psycopg.Error, *, began: float) -> None:
    if breaker.fail(began=began, now=time.monotonic()):
        logger.warning("database.away", extra={"reason": type(error).__name__})
