"""Who may ask what Prometheus asks, and what is answered while a source is away or slow."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from config import exposition
from config.exposition import Part
from integrations_health import check_counts, recent_checks
from integrations_health.outcomes import Outcome
from tests import factories
from tests.prometheus import OWN, TOKEN, let_in, told
from tests.sessions import execute

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]


@pytest.fixture
def prometheus(settings: Any) -> Client:
    """Return a client that may ask what Prometheus asks."""
    return let_in(settings)


@pytest.mark.parametrize(
    "shown", ["", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN]
)
def test_without_the_token_there_is_no_such_address(shown: str, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    client = Client(
        enforce_csrf_checks=True, headers={"Authorization": shown, "X-Request-ID": "same"}
    )

    for method in ("get", "head", "post", "put", "patch", "delete", "options"):
        answer = getattr(client, method)("/metrics")
        nowhere = getattr(client, method)("/nowhere")

        assert answer.status_code == 404
        assert answer.content == nowhere.content
        assert sorted(answer.headers.items()) == sorted(nowhere.headers.items())


def test_without_a_setting_nobody_has_a_token(settings: Any) -> None:
    settings.METRICS_TOKEN = ""

    for shown in ("", "Bearer", "Bearer ", "Bearer None"):
        assert Client(headers={"Authorization": shown}).get("/metrics").status_code == 404


def test_who_has_the_token_can_only_read(prometheus: Client) -> None:
    assert prometheus.head("/metrics").status_code == 200
    assert prometheus.post("/metrics").status_code == 405


def test_a_part_that_cannot_be_read_costs_nothing_but_itself(prometheus: Client) -> None:
    execute("ALTER TABLE recent_checks RENAME TO elsewhere")

    assert told(prometheus, "overdue") == {(): 0}
    assert told(prometheus, "checks") == {}
    assert told(prometheus, "source_up") == {("postgresql",): 0, ("redis",): 1}


def test_redis_may_be_away(prometheus: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://:a-password@127.0.0.1:1/0"

    assert told(prometheus, "source_up") == {("postgresql",): 1, ("redis",): 0}
    assert "a-password" not in prometheus.get("/metrics").content.decode()


def test_a_statement_that_takes_too_long_is_given_up() -> None:
    def slow() -> Iterator[Metric]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(9)")
        yield GaugeMetricFamily("slow", "Never told.", value=1)

    def quick() -> Iterator[Metric]:
        yield GaugeMetricFamily("quick", "Told.", value=1)

    began = timezone.now()
    parts = (Part(slow, seconds=0.05), Part(quick))
    found = {one.name: one for one in exposition.registry({"postgresql": parts}).collect()}

    assert timezone.now() - began < timedelta(seconds=2)
    assert set(found) == {"quick", f"{OWN}source_up"}
    assert found[f"{OWN}source_up"].samples[0].value == 0


def test_whoever_is_out_of_time_reads_nothing_more() -> None:
    def too_late() -> list[Metric]:
        raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        exposition.registry({"postgresql": [Part(too_late)]})


def test_nothing_is_reckoned_where_nobody_wants_to_know() -> None:
    factories.integration(last_check_at=timezone.now())
    check_counts.note([("mcp", "gmail", Outcome.OK)])

    exposition.keep_up()

    assert recent_checks.read() == []
    assert [row.checks for row in check_counts.totals()] == [1]
