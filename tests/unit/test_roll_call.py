"""Sockets that want to know whether their clients may stay: asked for together."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from integrations_health.access import Caller, Way
from integrations_health.roll_call import RollCall
from integrations_health.visitors import Visitor

SHORT = timedelta(milliseconds=20)


def somebody(name: str) -> Visitor:
    return Visitor(caller=Caller(way=Way.TOKEN, external_id=name), user_id=None)


class Books:
    """Knows that whoever is called "gone" may not stay, and how often it was asked."""

    def __init__(self) -> None:
        self.rounds: list[int] = []

    async def look_up(self, present: Sequence[Visitor]) -> list[bool]:
        self.rounds.append(len(present))
        return [one.name != "gone" for one in present]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_thousands_who_ask_at_once_are_asked_for_once() -> None:
    books = Books()

    async def ask() -> list[bool]:
        roll_call = RollCall(books.look_up, gathered=SHORT)
        names = ["gone" if number % 7 == 0 else "here" for number in range(2_000)]
        return await asyncio.gather(*(roll_call.may_stay(somebody(name)) for name in names))

    answers = run(ask())

    assert books.rounds == [2_000]
    assert answers == [number % 7 != 0 for number in range(2_000)]


def test_who_comes_while_others_are_asked_for_is_in_the_next_round() -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()
    books = Books()

    async def slow(present: Sequence[Visitor]) -> list[bool]:
        asked.set()
        await may_answer.wait()
        return await books.look_up(present)

    async def ask() -> list[bool]:
        roll_call = RollCall(slow, gathered=SHORT)
        first = asyncio.create_task(roll_call.may_stay(somebody("gone")))
        await asked.wait()
        second = asyncio.create_task(roll_call.may_stay(somebody("here")))
        await asyncio.sleep(0)
        may_answer.set()
        return [await first, await second]

    assert run(ask()) == [False, True]
    assert books.rounds == [1, 1]


def test_who_leaves_takes_nobodys_answer_away() -> None:
    async def ask() -> bool:
        roll_call = RollCall(Books().look_up, gathered=SHORT)
        leaving, staying = (
            asyncio.create_task(roll_call.may_stay(somebody(name))) for name in ("a", "b")
        )
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert run(ask()) is True


def test_a_database_that_is_away_is_everybodys_and_the_next_round_asks_again() -> None:
    books, failures = Books(), [OperationalError("away")]

    async def sometimes(present: Sequence[Visitor]) -> list[bool]:
        if failures:
            raise failures.pop()
        return await books.look_up(present)

    async def ask() -> tuple[list[Any], bool]:
        roll_call = RollCall(sometimes, gathered=SHORT)
        both = (roll_call.may_stay(somebody("here")) for _ in range(2))
        return (
            await asyncio.gather(*both, return_exceptions=True),
            await roll_call.may_stay(somebody("here")),
        )

    answers, again = run(ask())

    assert [type(one) for one in answers] == [OperationalError, OperationalError]
    assert again is True


def test_who_has_run_out_must_go_without_being_asked_for() -> None:
    async def away(present: Sequence[Visitor]) -> list[bool]:
        raise OperationalError("away")

    caller = Caller(way=Way.TOKEN, external_id="a", expires_at=datetime.now(UTC))
    late = Visitor(caller=caller, user_id=None)

    assert run(RollCall(away, gathered=SHORT).may_stay(late)) is False


def test_nobody_hears_of_a_failure_that_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    async def away(present: Sequence[Visitor]) -> list[bool]:
        raise OperationalError("away")

    async def ask() -> None:
        roll_call = RollCall(away, gathered=SHORT)
        leaving = asyncio.create_task(roll_call.may_stay(somebody("here")))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(3 * SHORT.total_seconds())

    run(ask())

    assert not caplog.records
