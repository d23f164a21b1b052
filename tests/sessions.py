"""Database sessions beside Django's: raw SQL, a second session, many at once."""

import threading
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
