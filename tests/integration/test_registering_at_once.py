"""Several who register one connection in the same moment: one row, and a plain answer to each."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from redis import Redis

from integrations_health.models import Integration
from tests import factories
from tests.callers import as_back_end, as_user, send
from tests.sessions import at_once, wait_until_blocked

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]
PATH = "/api/integrations"
NEW = {"service": "gmail", "provider": "composio", "serverInstanceId": "ca_1"}


def add(client: Client, **said: Any) -> Any:
    try:
        return send(client, "post", PATH, {**NEW, **said})
    finally:
        connections.close_all()


def in_the_same_moment(*clients: Client) -> list[int]:
    """Let each client look whether the connection is free before any of them may write."""
    with ThreadPoolExecutor(len(clients)) as threads:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE user_integrations IN SHARE MODE")
            answers = [threads.submit(add, client) for client in clients]
            wait_until_blocked(len(clients))
        return sorted(answer.result().status_code for answer in answers)


def test_of_two_users_one_has_it_and_the_other_is_told() -> None:
    statuses = in_the_same_moment(as_user(factories.user()), as_user(factories.user()))

    assert statuses == [201, 409]
    assert Integration.objects.count() == 1


def test_the_second_of_two_equal_requests_is_answered_as_a_repeat(redis: Redis) -> None:
    owner = factories.user()

    statuses = in_the_same_moment(as_user(owner), as_user(owner))

    assert statuses == [200, 201]
    assert Integration.objects.count() == 1
    assert redis.llen("checks") == 1


@pytest.mark.parametrize(
    ("name", "status"), [("Work mail", 200), ("Private mail", 409)], ids=["the same", "another"]
)
def test_what_an_import_has_just_made_is_known(name: str, status: int) -> None:
    owner = factories.user(external_id="alice")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            factories.integration(
                user=owner,
                server_instance_id="ca_1",
                provider_user_id="alice",
                display_name="Work mail",
            )
            answer = threads.submit(add, as_user(owner), displayName=name)
            wait_until_blocked()

        assert answer.result().status_code == status
    assert Integration.objects.get().display_name == "Work mail"


def test_a_crowd_that_wants_the_same_few_gets_each_once() -> None:
    owners = [factories.user() for _ in range(3)]
    clients = [as_user(owner) for owner in owners for _ in range(2)]
    answers: list[tuple[int, int]] = []

    def work(number: int) -> None:
        for connected in range(10):
            answer = add(clients[number], serverInstanceId=f"ca_{connected}")
            answers.append((connected, answer.status_code))

    at_once(len(clients), work)

    # Its owner's two requests, and those of four others.
    for connected in range(10):
        statuses = sorted(status for of, status in answers if of == connected)
        assert statuses == [200, 201, 409, 409, 409, 409]
    assert Integration.objects.count() == 10


def test_a_back_end_registers_one_connection_for_several() -> None:
    client = as_back_end()

    statuses = [add(client, user=user).status_code for user in ("alice", "bob")]

    assert statuses == [201, 201]
