"""The summary on the screen and as data."""

import json
from datetime import datetime

import pytest

from tests import factories
from tests.commands import run

pytestmark = pytest.mark.django_db


def test_the_summary_is_there_as_data(now: datetime) -> None:
    factories.integration(status="unhealthy", error_code="auth_expired", last_check_at=now)
    factories.integration(service="slack", enabled=False)
    factories.integration(service="slack")

    ran = run("health_summary", "--json")

    assert json.loads(ran.out) == {
        "rows": [
            {
                "provider": "composio",
                "service": "gmail",
                "status": "unhealthy",
                "errorCode": "auth_expired",
                "cause": "user_grant",
                "count": 1,
            },
            {
                "provider": "composio",
                "service": "slack",
                "status": "unknown",
                "errorCode": None,
                "cause": None,
                "count": 2,
            },
        ],
        "neverChecked": 1,
        "paused": 1,
    }


def test_the_summary_is_a_table_for_people(now: datetime) -> None:
    factories.integration(status="unhealthy", error_code="auth_expired", last_check_at=now)
    factories.integration(service="calendar", status="healthy", last_check_at=now)

    ran = run("health_summary")

    assert ran.out == (
        "provider  service   status     error code    cause       count\n"
        "composio  calendar  healthy    -             -               1\n"
        "composio  gmail     unhealthy  auth_expired  user_grant      1\n"
        "\n"
        "2 watched, 0 never checked, 0 paused\n"
    )


def test_an_empty_house_says_what_to_do() -> None:
    ran = run("health_summary")

    assert "Use sync_integrations or import_integrations." in ran.out
