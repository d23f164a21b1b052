"""Somebody deletes or changes what is being checked at that very moment."""

import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

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


def pause(row: Integration) -> int:
    body = {"enabled": False, "intervalSeconds": 600}
    client = as_back_end()
    path = f"/api/integrations/{row.pk}"
    return client.patch(path, body, content_type="application/json").status_code


def record_while(act: Callable[[], int], watched: Integration) -> int:
    """Record a check that opens an alert, and let somebody act while it does; return the answer."""
    factories.rule(threshold=1)
    (target,) = claim(watched)
    answers: list[int] = []
    follow = lifecycle.follow

    def press() -> None:
        try:
            answers.append(act())
        finally:
            connection.close()

    somebody = threading.Thread(target=press)

    def meanwhile(*observed: Any, **options: Any) -> None:
        somebody.start()
        wait_until_blocked()
        follow(*observed, **options)

    with patch.object(lifecycle, "follow", meanwhile):
        pipeline.record([result(target, Outcome.AUTH_EXPIRED, is_certain=True)], now=NOW)
    somebody.join()
    (answer,) = answers
    return answer


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
    kind: type[Model], delete: Callable[[Model], int]
) -> None:
    watched = factories.integration(status="healthy")
    row: Model = watched if kind is Integration else watched.user

    answer = record_while(lambda: delete(row), watched)

    assert answer in (204, 302)
    assert not kind._default_manager.filter(pk=row.pk).exists()
    assert not Alert.objects.exists()


def test_what_is_paused_while_its_check_opens_an_alert_is_paused_and_has_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = factories.integration(status="healthy")

    answer = record_while(lambda: pause(watched), watched)

    watched.refresh_from_db()
    assert answer == 200
    assert (watched.enabled, watched.interval_seconds) == (False, 600)
    assert Alert.objects.count() == 1
    assert "results.not_recorded_yet" not in caplog.messages
