"""What Prometheus is told goes to a Pushgateway, and one that is dead costs a line in the log."""

import base64
import logging
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config import gateway, pushing, tasks
from integrations_health import check_counts
from integrations_health.models import CheckCount
from integrations_health.outcomes import Outcome
from tests import factories
from tests.receivers import WebReceiver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


def at(settings: Any, url: str) -> None:
    settings.PUSHGATEWAY = gateway.read(url)


def lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.name.startswith("config.")]


def test_what_every_process_would_say_is_put_in_the_place_of_what_was_there(
    settings: Any, receiver: WebReceiver
) -> None:
    at(settings, f"http://{receiver.host}")
    factories.integration(service="gmail")
    check_counts.note([("composio", "gmail", Outcome.OK)])

    tasks.tell_prometheus()

    (request,) = receiver.requests
    assert request.method == "PUT"
    assert request.path == "/metrics/job/integration_health"
    assert request.headers["content-type"].startswith("text/plain")
    assert "authorization" not in request.headers
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(request.body.decode())
        for sample in family.samples
    }
    assert found["integration_health_checks_total"] == 1
    # What this process alone counts says nothing of the others.
    assert all(name.startswith("integration_health_") for name in found)
    assert "integration_health_last_known_answers_total" not in found


def test_a_gateway_is_told_who_we_are(settings: Any, receiver: WebReceiver) -> None:
    at(settings, f"http://me:p%40ss@{receiver.host}/prefix")

    pushing.push()

    (request,) = receiver.requests
    assert request.path == "/prefix/metrics/job/integration_health"
    _, _, shown = request.headers["authorization"].partition(" ")
    assert base64.b64decode(shown) == b"me:p@ss"


@pytest.mark.parametrize("status", [400, 500, 302])
def test_a_refusal_costs_one_line_without_a_secret(
    settings: Any, receiver: WebReceiver, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    at(settings, f"http://me:hunter2@{receiver.host}")
    receiver.answer(status, Location="http://elsewhere.invalid/")

    pushing.push()

    (line,) = lines(caplog)
    assert (line.message, line.status) == ("metrics.not_pushed", status)
    assert "hunter2" not in caplog.text


def test_a_dead_gateway_costs_one_line_and_nothing_else(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    at(settings, "http://me:hunter2@127.0.0.1:1")
    check_counts.note([("composio", "gmail", Outcome.OK)])
    caplog.set_level(logging.INFO)

    tasks.tell_prometheus()

    (line,) = lines(caplog)
    assert (line.message, line.reason, line.status) == ("metrics.not_pushed", "ConnectError", None)
    assert "hunter2" not in caplog.text
    assert not CheckCount.objects.exists()


def test_without_a_gateway_nothing_is_pushed_and_counts_are_gathered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check_counts.note([("composio", "gmail", Outcome.OK)])

    tasks.tell_prometheus()

    assert lines(caplog) == []
    assert not CheckCount.objects.exists()
