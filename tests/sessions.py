"""Database sessions beside Django's: raw SQL, a second session, many at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections, transaction


def execute(sql: str, *arguments: Any) -> None:
    """Run raw SQL, as an import or a hand at the console would, to its very end."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def another_session() -> Iterator[psycopg.Connection]:
    """Open a second connection to the test database; it is rolled back after an error."""
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    given = {name: parameters[name] for name in names if parameters.get(name)}
    with psycopg.connect(**given) as session:
        yield session


def at_once(count: int, work: Callable[[int], object]) -> None:
    """Run `work` in threads that start together, each in a session of its own.

    It is given the number of its thread. Raises what the threads raised, all of it.
    """
    barrier = threading.Barrier(count)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            work(number)
        except BaseException as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise BaseExceptionGroup("in the threads", failures)


def wait_until_blocked(count: int = 1) -> None:
    """Return when so many sessions wait for locks that this one or another holds."""
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        with connection.cursor() as cursor:
            # Within a transaction, the sessions once seen are kept: one that came later would
            # never be counted.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE NOT granted AND datname = current_database()"
            )
            (waiting,) = cursor.fetchone() or (0,)
        if waiting >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"{waiting} wait, and not {count}")
