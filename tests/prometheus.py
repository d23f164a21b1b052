"""What Prometheus would make of what it is told."""

from typing import Any

from django.test import Client
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a token of the tests, of which nobody else knows"
OWN = "integration_health_"


def let_in(settings: Any) -> Client:
    """Return a client that may ask what Prometheus asks."""
    settings.METRICS_TOKEN = TOKEN
    return Client(headers={"Authorization": f"Bearer {TOKEN}"})


def families(client: Client) -> list[Metric]:
    """Ask as Prometheus does."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return list(text_string_to_metric_families(answer.content.decode()))


def told(client: Client, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of a family of ours by their labels' values, in the labels' order."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in families(client)
        for sample in family.samples
        if sample.name == f"{OWN}{name}"
    }


def all_series(client: Client) -> set[str]:
    """Return the name of each series, with its labels."""
    lines = client.get("/metrics").content.decode().splitlines()
    return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}
