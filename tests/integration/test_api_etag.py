"""GET .../health sends nothing again that its caller has already."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from alerts import lifecycle
from alerts.models import Alert, Notification
from integrations_health.models import HealthCheck, Integration
from tests import factories
from tests.callers import as_back_end, as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
FAR = datetime(2031, 1, 1, tzinfo=UTC)


def path_of(made: Integration) -> str:
    return f"/api/integrations/{made.pk}/health"


@pytest.fixture
def known() -> tuple[Integration, Client, str]:
    """Return an integration, its owner's client, and the mark of what the client has seen."""
    made = factories.integration(status="healthy", state_version=1)
    client = as_user(made.user)
    return made, client, client.get(path_of(made)).headers["ETag"]


def test_the_same_state_is_not_sent_again(known: tuple[Integration, Client, str]) -> None:
    made, client, etag = known

    answer = client.get(path_of(made), headers={"If-None-Match": f'"other", {etag}'})

    assert (answer.status_code, answer.content) == (304, b"")
    assert etag.startswith('W/"')
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"] == "private, no-cache"


def test_the_same_state_costs_three_statements(known: tuple[Integration, Client, str]) -> None:
    made, client, etag = known

    with counted_statements() as sent:
        client.get(path_of(made), headers={"If-None-Match": etag})

    assert len(sent) == 3


def _result(made: Integration) -> None:
    HealthCheck.objects.filter(integration=made).update(state_version=2)


def _release(made: Integration) -> None:
    HealthCheck.objects.filter(integration=made).update(
        next_check_at=datetime(2031, 1, 1, tzinfo=UTC)
    )


def _pause(made: Integration) -> None:
    Integration.objects.filter(pk=made.pk).update(enabled=False)


def _incident(_: Integration) -> None:
    factories.incident()


def _alert(made: Integration) -> None:
    factories.alert(integration=made)


@pytest.mark.parametrize("change", [_result, _release, _pause, _incident, _alert])
def test_what_changes_the_answer_changes_its_mark(
    change: Any, known: tuple[Integration, Client, str]
) -> None:
    made, client, etag = known

    change(made)
    answer = client.get(path_of(made), headers={"If-None-Match": etag})

    assert answer.status_code == 200
    assert answer.headers["ETag"] != etag


def test_a_mark_opens_nothing_to_a_stranger(known: tuple[Integration, Client, str]) -> None:
    made, _, etag = known

    answer = as_user(factories.user()).get(path_of(made), headers={"If-None-Match": etag})

    assert answer.status_code == 404


def test_who_is_told_of_an_alert_in_other_words_is_sent_them(
    known: tuple[Integration, Client, str],
) -> None:
    made, client, _ = known
    lifecycle.acknowledge([factories.alert(integration=made).pk], by=made.user)
    etag = client.get(path_of(made)).headers["ETag"]

    answer = as_back_end().get(path_of(made), headers={"If-None-Match": etag})

    assert answer.status_code == 200
    assert answer.json()["alerts"][0]["acknowledgement"]["by"] == "owner"


def _hold(alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(held_back="silence")


def _hand_over(alert: Alert) -> None:
    factories.notification(alert=alert)


def _acknowledge(alert: Alert) -> None:
    lifecycle.acknowledge([alert.pk], by=alert.user)


def _resolve(alert: Alert) -> None:
    lifecycle.resolve([alert.pk], by=alert.user)


@pytest.mark.parametrize("change", [_hold, _hand_over, _acknowledge, _resolve])
def test_what_happens_to_an_alert_changes_the_mark_without_any_check(
    change: Any, known: tuple[Integration, Client, str]
) -> None:
    made, client, _ = known
    alert = factories.alert(integration=made)
    etag = client.get(path_of(made)).headers["ETag"]

    change(alert)

    assert client.get(path_of(made), headers={"If-None-Match": etag}).status_code == 200


def test_a_message_that_went_out_changes_the_mark(known: tuple[Integration, Client, str]) -> None:
    made, client, _ = known
    message = factories.notification(alert=factories.alert(integration=made))
    etag = client.get(path_of(made)).headers["ETag"]

    Notification.objects.filter(pk=message.pk).update(
        state="sent", sent_at=FAR, is_collecting=False
    )

    assert client.get(path_of(made), headers={"If-None-Match": etag}).status_code == 200
