"""A message runs out by the broker's clock, wherever those of its sender and the worker stand."""

from datetime import timedelta
from typing import Any

import pytest
import redis as redis_client
import time_machine
from celery.utils.imports import symbol_by_name

from config.celery import app
from integrations_health import tasks

TEN_MINUTES = timedelta(minutes=10)
CLOCKS = pytest.mark.parametrize(
    ("senders", "workers"),
    [(timedelta(), TEN_MINUTES), (-TEN_MINUTES, TEN_MINUTES), (TEN_MINUTES, -TEN_MINUTES)],
    ids=["worker ahead", "sender behind, worker ahead", "sender ahead, worker behind"],
)


@CLOCKS
def test_a_wake_up_is_taken_as_long_as_it_is_worth_something(
    redis: redis_client.Redis, senders: timedelta, workers: timedelta
) -> None:
    send(worth=60, clock=senders)

    assert not is_thrown_away(received(), clock=workers)


@CLOCKS
def test_a_wake_up_that_nobody_took_in_time_is_thrown_away(
    redis: redis_client.Redis, senders: timedelta, workers: timedelta
) -> None:
    send(worth=0, clock=senders)

    assert is_thrown_away(received(), clock=workers)


def test_a_wake_up_is_taken_while_the_broker_cannot_say_what_time_it_is(
    redis: redis_client.Redis, settings: Any
) -> None:
    send(worth=0, clock=timedelta())
    request = received()
    settings.BROKER_URL = "redis://127.0.0.1:1/0"

    assert not is_thrown_away(request, clock=timedelta())


def test_a_message_that_is_always_worth_something_is_never_thrown_away(
    redis: redis_client.Redis,
) -> None:
    send(worth=None, clock=timedelta())

    assert not is_thrown_away(received(), clock=TEN_MINUTES)


def send(*, worth: float | None, clock: timedelta) -> None:
    ends: dict[str, Any] = {} if worth is None else {"expires": worth}
    with time_machine.travel(clock):
        tasks.check_batch.apply_async(kwargs={"provider": "composio"}, **ends)


def received() -> Any:
    """Return the message as the worker that checks takes it from the broker."""
    with app.connection_for_read() as link:
        message = app.amqp.queues["checks"](link.default_channel).get(no_ack=True)
        return symbol_by_name(tasks.check_batch.Request)(message, app=app, task=tasks.check_batch)


def is_thrown_away(request: Any, *, clock: timedelta) -> bool:
    with time_machine.travel(clock):
        return bool(request.revoked())
