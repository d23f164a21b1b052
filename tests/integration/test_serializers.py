"""What the OpenAPI document declares is what the API sends, field by field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework import serializers as rest

from integrations_health import buckets, history, registration, serializers, shapes
from integrations_health.admission import CHANGEABLE
from integrations_health.models import HealthCheck
from tests import factories

pytestmark = pytest.mark.django_db
AT = datetime(2031, 3, 14, tzinfo=UTC)


def names(serializer: rest.Serializer[Any]) -> list[str]:
    return list(serializer.get_fields())


def health() -> HealthCheck:
    return factories.integration(status="healthy", metadata={"outcome": "ok"}).health


def shown() -> dict[str, Any]:
    return shapes.current(health(), incident=factories.incident(), version=17)


BUCKET = buckets.Bucket(AT, 1, 1, 0, 0, 3600.0, 0.0, 100, 200)
SHAPES = {
    "current": (serializers.Current, shown),
    "incident": (serializers.Incident, lambda: shown()["incident"]),
    "integration": (
        serializers.Integration,
        lambda: shapes.integration(factories.integration(), shown()),
    ),
    "entry": (serializers.Entry, lambda: shapes.entry(factories.history())),
    "statistics": (serializers.Statistics, lambda: shapes.statistics(history.statistics([]))),
    "bucket": (serializers.Bucket, lambda: shapes.bucket(BUCKET, width=timedelta(hours=1))),
    "check": (
        serializers.CheckResult,
        lambda: shapes.check(health(), shown(), is_cached=False),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_fields_that_are_declared(name: str) -> None:
    serializer, shape = SHAPES[name]

    made = shape()

    assert list(made) == names(serializer())


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_values_that_are_declared(name: str) -> None:
    serializer, shape = SHAPES[name]
    made = shape()

    checked = serializer(data=made)

    assert checked.is_valid(), checked.errors


def test_what_can_be_said_of_a_new_integration_is_what_is_read() -> None:
    declared = names(serializers.NewIntegration())

    assert sorted(declared) == sorted(registration.FIELDS)


def test_what_can_be_changed_is_what_is_read() -> None:
    assert sorted(names(serializers.IntegrationChange())) == sorted(CHANGEABLE)
