"""What is dear to read is read seldom."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from threading import Barrier, Event, Thread

import pytest
from django.db import OperationalError

from integrations_health.remembered import Remembered

DAY = timedelta(days=1)


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


def test_what_is_fresh_is_not_read_again(numbers: Iterator[int]) -> None:
    remembered = Remembered(lambda: next(numbers), fresh_for=DAY)

    assert [remembered(), remembered()] == [1, 1]


def test_what_is_stale_is_read_again(numbers: Iterator[int]) -> None:
    remembered = Remembered(lambda: next(numbers), fresh_for=timedelta())

    assert [remembered(), remembered()] == [1, 2]


def test_what_is_forgotten_is_read_again(numbers: Iterator[int]) -> None:
    remembered = Remembered(lambda: next(numbers), fresh_for=DAY)
    remembered()

    remembered.forget()

    assert remembered() == 2


def test_those_who_ask_at_once_wait_for_one_reading(numbers: Iterator[int]) -> None:
    remembered = Remembered(lambda: next(numbers), fresh_for=DAY)
    barrier = Barrier(8)
    answers: list[int] = []

    def ask() -> None:
        barrier.wait()
        answers.append(remembered())

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [1] * 8


def test_a_reading_that_fails_is_tried_again(numbers: Iterator[int]) -> None:
    def read() -> float:
        return 1 / (next(numbers) - 1)

    remembered = Remembered(read, fresh_for=DAY)
    with pytest.raises(ZeroDivisionError):
        remembered()

    assert remembered() == 1.0


def test_while_the_database_does_not_answer_what_was_read_is_given_for_a_while(
    numbers: Iterator[int],
) -> None:
    def read() -> int:
        if next(numbers) > 1:
            raise OperationalError
        return 1

    soon = Remembered(read, fresh_for=timedelta(), good_for=DAY)

    assert [soon(), soon()] == [1, 1]


def test_nobody_is_given_what_is_too_old(numbers: Iterator[int]) -> None:
    def read() -> int:
        if next(numbers) > 1:
            raise OperationalError
        return 1

    remembered = Remembered(read, fresh_for=timedelta())
    remembered()

    with pytest.raises(OperationalError):
        remembered()


def test_nobody_waits_for_a_reading_while_there_is_something_good(numbers: Iterator[int]) -> None:
    is_reading, go_on = Event(), Event()

    def read() -> int:
        number = next(numbers)
        if number > 1:
            is_reading.set()
            go_on.wait(20)
        return number

    remembered = Remembered(read, fresh_for=timedelta(), good_for=DAY)
    remembered()
    slow = Thread(target=remembered)
    slow.start()
    is_reading.wait(20)

    assert remembered() == 1

    go_on.set()
    slow.join()
