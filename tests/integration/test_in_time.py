"""A statement that takes too long is ended, and nothing else is."""

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction

from alerts import in_time

pytestmark = pytest.mark.django_db

LONG = timedelta(seconds=20)


def timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str((cursor.fetchone() or ("",))[0])


def test_what_is_quick_is_returned_and_the_limit_is_lifted() -> None:
    before = timeout()

    assert in_time.rows("SELECT %(one)s + 1", {"one": 1}, within=LONG) == [(2,)]

    assert timeout() == before


@pytest.mark.parametrize("within", [timedelta(milliseconds=20), timedelta()])
def test_what_is_slow_is_ended_and_the_transaction_lives(within: timedelta) -> None:
    before = timeout()

    with pytest.raises(in_time.TooSlow):
        in_time.rows("SELECT pg_sleep(%(long)s)", {"long": 20}, within=within)

    assert timeout() == before


def test_another_error_is_not_taken_for_slowness() -> None:
    with transaction.atomic(), pytest.raises(ProgrammingError):
        in_time.rows("SELECT no_such_thing", {}, within=LONG)
