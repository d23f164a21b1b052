"""One integration over the API: show, change, remove."""

from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from redis import Redis

from integrations_health import registry
from integrations_health.models import HealthCheck, Integration
from tests import factories
from tests.callers import as_staff, as_user, send
from tests.registrations import database_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]
PATH = "/api/integrations"
FAR = datetime(2031, 1, 1, tzinfo=UTC)


def fields_of(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def test_pausing_and_resuming_makes_it_due() -> None:
    made = factories.integration(next_check_at=FAR)
    client = as_user(made.user)
    path = f"{PATH}/{made.pk}"

    paused = send(client, "patch", path, {"enabled": False})
    resumed = send(client, "patch", path, {"enabled": True})

    assert paused.json()["enabled"] is False
    assert paused.json()["health"]["nextCheckAt"] is None
    assert resumed.json()["enabled"] is True
    assert HealthCheck.objects.get().next_check_at <= database_now()


def test_a_worker_is_woken_for_what_is_due_now(redis: Redis) -> None:
    made = factories.integration()
    client = as_user(made.user)

    for said in ({"displayName": "Mail"}, {"enabled": False}, {"enabled": True}):
        send(client, "patch", f"{PATH}/{made.pk}", said)

    assert redis.llen("checks") == 1


def test_a_name_may_change_without_a_check() -> None:
    made = factories.integration(next_check_at=FAR)

    answer = send(as_user(made.user), "patch", f"{PATH}/{made.pk}", {"displayName": "Mail"})

    assert answer.json()["displayName"] == "Mail"
    assert HealthCheck.objects.get().next_check_at == FAR


def test_another_interval_counts_from_now() -> None:
    made = factories.integration(next_check_at=FAR)

    answer = send(as_user(made.user), "patch", f"{PATH}/{made.pk}", {"intervalSeconds": 900})

    assert answer.json()["intervalSeconds"] == 900
    assert HealthCheck.objects.get().next_check_at <= database_now()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"service": "slack"}, "service"),
        ({"serverToken": "new"}, "serverToken"),
        ({"status": "healthy"}, "status"),
        ({"interval": 600}, "interval"),
        ({"displayName": None}, "displayName"),
        ({"displayName": "a\nb"}, "displayName"),
        ({"displayName": "a" * 201}, "displayName"),
    ],
)
def test_nothing_else_may_be_changed(said: dict[str, Any], field: str) -> None:
    made = factories.integration()

    answer = send(as_user(made.user), "patch", f"{PATH}/{made.pk}", said)

    assert answer.status_code == 400
    assert fields_of(answer) == [field]


def test_what_is_removed_is_gone_with_its_health_and_alerts() -> None:
    made = factories.integration()
    factories.notification(alert=factories.alert(integration=made))
    client = as_user(made.user)

    answer = client.delete(f"{PATH}/{made.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not HealthCheck.objects.exists()
    assert client.get(f"{PATH}/{made.pk}").status_code == 404
    assert client.delete(f"{PATH}/{made.pk}").status_code == 404


REQUESTS = [
    ("get", ""),
    ("patch", ""),
    ("delete", ""),
    ("get", "/health"),
    ("get", "/health/history"),
    ("post", "/health/check"),
]


@pytest.mark.parametrize(("method", "rest"), REQUESTS)
def test_a_foreign_a_deleted_and_an_unknown_id_are_the_same_to_the_byte(
    method: str, rest: str
) -> None:
    foreign = factories.integration(status="healthy", last_check_at=datetime.now(UTC))
    deleted = factories.integration()
    Integration.objects.filter(pk=deleted.pk).delete()
    client = as_user(factories.user())

    answers = [
        getattr(client, method)(f"{PATH}/{pk}{rest}", headers={"X-Request-ID": "r-1"})
        for pk in (foreign.pk, deleted.pk, uuid4())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert Integration.objects.filter(pk=foreign.pk, enabled=True).exists()


def test_staff_may_do_all_that_the_owner_may() -> None:
    made = factories.integration()
    client = as_staff(factories.user())

    assert client.get(f"{PATH}/{made.pk}").status_code == 200
    assert send(client, "patch", f"{PATH}/{made.pk}", {"enabled": False}).status_code == 200
    assert client.delete(f"{PATH}/{made.pk}").status_code == 204


def test_a_long_import_holds_nobody_up(transactional_db: None) -> None:
    made = factories.integration()
    client = as_user(made.user)
    answers: list[int] = []

    def ask() -> None:
        answer = send(client, "patch", f"{PATH}/{made.pk}", {"enabled": False})
        answers.append(answer.status_code)
        connection.close()

    with registry.writing(registry.Changes(), patience=timedelta(seconds=1)):
        thread = Thread(target=ask)
        thread.start()
        thread.join(timeout=10)

    assert answers == [200]
