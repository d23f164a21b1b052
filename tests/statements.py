"""Count the statements that really go to PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Yield a list that holds, after the block, the kind of each statement sent within it.

    Read from libpq's own trace, so that prepared statements, COPY and whatever else passes beside
    Django's query log are counted, too.
    """
    sent: list[str] = []
    connection.ensure_connection()
    pgconn = connection.connection.pgconn
    with tempfile.NamedTemporaryFile() as trace:
        pgconn.trace(trace.fileno())
        pgconn.set_trace_flags(psycopg.pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            pgconn.untrace()
        for line in Path(trace.name).read_text(errors="replace").splitlines():
            direction, _, kind, *_rest = [*line.split("\t"), "", "", ""]
            if direction == "F" and kind in {"Query", "Execute"}:
                sent.append(kind)
