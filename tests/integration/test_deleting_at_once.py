"""Somebody deletes what is being checked at that very moment."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from alerts import lifecycle
from alerts.models import Alert
from integrations_health import pipeline
from integrations_health.models import Integration, User
from integrations_health.outcomes import Outcome
from tests import factories
from tests.admin_pages import url
from tests.callers import as_back_end
from tests.conftest import NOW
from tests.results import claim, result
from tests.roles import browser_of
from tests.sessions import wait_until_blocked

pytestmark = pytest.mark.django_db(transaction=True)


def by_its_page(row: Model) -> int:
    client = browser_of(factories.staff(is_superuser=True))
    return client.post(url(type(row), "delete", row.pk), {"post": "yes"}).status_code


def from_the_list(row: Model) -> int:
    client = browser_of(factories.staff(is_superuser=True))
    chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    return client.post(url(type(row), "changelist"), chosen).status_code


def by_the_app(row: Model) -> int:
    return as_back_end().delete(f"/api/integrations/{row.pk}").status_code


@pytest.mark.parametrize(
    ("kind", "delete"),
    [
        (Integration, by_its_page),
        (Integration, from_the_list),
        (Integration, by_the_app),
        (User, by_its_page),
        (User, from_the_list),
    ],
)
def test_what_is_deleted_while_its_check_opens_an_alert_takes_that_with_it(
    kind: type[Model], delete: Callable[[Model], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.rule(threshold=1)
    watched = factories.integration(status="healthy")
    row: Model = watched if kind is Integration else watched.user
    (target,) = claim(watched)
    answers: list[int] = []
    follow = lifecycle.follow

    def press() -> None:
        try:
            answers.append(delete(row))
        finally:
            connection.close()

    somebody = threading.Thread(target=press)

    def meanwhile(*observed: Any, **options: Any) -> None:
        somebody.start()
        wait_until_blocked()
        follow(*observed, **options)

    monkeypatch.setattr(lifecycle, "follow", meanwhile)
    pipeline.record([result(target, Outcome.AUTH_EXPIRED, is_certain=True)], now=NOW)
    somebody.join()

    assert answers[0] in (204, 302)
    assert not kind._default_manager.filter(pk=row.pk).exists()
    assert not Alert.objects.exists()
