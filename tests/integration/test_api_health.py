"""GET .../health: what the customer's client reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_health import shapes
from integrations_health.models import Integration
from tests import factories
from tests.callers import as_back_end, as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


def path_of(made: Integration) -> str:
    return f"/api/integrations/{made.pk}/health"


def show(made: Integration, **more: Any) -> Any:
    return as_user(made.user).get(path_of(made), **more)


def past(made: Integration, *statuses: str, last_at: datetime, every: timedelta) -> None:
    """Give an integration these checks, the last of them at `last_at`."""
    for number, status in enumerate(reversed(statuses)):
        is_good = status == "healthy"
        factories.history(
            made,
            status=status,
            outcome="ok" if is_good else "server_error",
            error_code="" if is_good else "server_error",
            response_time_ms=100 + number if is_good else None,
            checked_at=last_at - number * every,
        )


def test_the_answer_has_what_the_contract_says(now: datetime) -> None:
    made = factories.integration(
        status="unhealthy",
        response_time_ms=412,
        last_check_at=now,
        next_check_at=now + timedelta(minutes=40),
        consecutive_failures=3,
        error_code="auth_expired",
        error_message="Reconnect it.",
        state_version=17,
    )
    factories.history(made, status="unhealthy", error_code="auth_expired", checked_at=now)

    body = show(made).json()

    as_of = datetime.fromisoformat(body.pop("asOf"))
    assert abs(as_of - datetime.now(UTC)) < timedelta(minutes=1)
    assert body == {
        "integrationId": str(made.pk),
        "service": "gmail",
        "provider": "composio",
        "current": {
            "status": "unhealthy",
            "responseTimeMs": 412,
            "lastCheckAt": "2031-03-14T09:26:53.000Z",
            "nextCheckAt": "2031-03-14T10:06:53.000Z",
            "statusSince": None,
            "consecutiveFailures": 3,
            "errorCode": "auth_expired",
            "errorMessage": "Reconnect it.",
            "cause": "user_grant",
            "reauthUrl": f"http://127.0.0.1:8000/integrations/{made.pk}/reconnect/",
            "incident": None,
            "version": 17,
        },
        "alerts": [],
        "history": [
            {
                "checkedAt": "2031-03-14T09:26:53.000Z",
                "status": "unhealthy",
                "responseTimeMs": 120,
                "errorCode": "auth_expired",
                "errorMessage": None,
            }
        ],
        "statistics": {
            "uptimePercent": 0.0,
            "totalChecks": 1,
            "healthyChecks": 0,
            "degradedChecks": 0,
            "unhealthyChecks": 1,
            "averageResponseTimeMs": 120.0,
            "p95ResponseTimeMs": 120,
        },
        "stale": False,
        "source": "live",
    }


def test_the_last_hundred_checks_are_shown_the_newest_first(now: datetime) -> None:
    made = factories.integration()
    past(made, *["healthy"] * 103, last_at=now, every=timedelta(minutes=5))

    body = show(made).json()

    times = [check["checkedAt"] for check in body["history"]]
    assert len(times) == 100
    assert times == sorted(times, reverse=True)
    assert times[0] == "2031-03-14T09:26:53.000Z"
    assert body["statistics"]["totalChecks"] == 100


def test_what_was_never_checked_has_no_numbers() -> None:
    body = show(factories.integration()).json()

    assert body["history"] == []
    assert body["statistics"] == {
        "uptimePercent": None,
        "totalChecks": 0,
        "healthyChecks": 0,
        "degradedChecks": 0,
        "unhealthyChecks": 0,
        "averageResponseTimeMs": None,
        "p95ResponseTimeMs": None,
    }
    assert body["current"]["lastCheckAt"] is None


def test_what_always_failed_was_never_up(now: datetime) -> None:
    made = factories.integration()
    past(made, *["unhealthy"] * 5, last_at=now, every=timedelta(minutes=5))

    numbers = show(made).json()["statistics"]

    assert numbers["uptimePercent"] == 0.0
    assert (numbers["totalChecks"], numbers["unhealthyChecks"]) == (5, 5)
    assert numbers["averageResponseTimeMs"] is None


def test_one_good_check_is_up(now: datetime) -> None:
    made = factories.integration()
    past(made, "healthy", last_at=now, every=timedelta(minutes=5))

    assert show(made).json()["statistics"]["uptimePercent"] == 100.0


def test_a_months_edge_hides_no_check() -> None:
    made = factories.integration()
    edge = datetime(2031, 4, 1, 0, 5, tzinfo=UTC)
    past(made, "unhealthy", "healthy", "healthy", last_at=edge, every=timedelta(minutes=5))

    body = show(made).json()

    assert [check["checkedAt"][:10] for check in body["history"]] == [
        *("2031-04-01", "2031-04-01", "2031-03-31")
    ]
    assert body["statistics"]["uptimePercent"] == 50.0


def test_an_incident_lies_over_what_is_healthy() -> None:
    made = factories.integration(status="healthy")
    incident = factories.incident(provider="composio", cause="provider")

    current = show(made).json()["current"]

    assert current["status"] == "degraded"
    assert current["incident"]["id"] == str(incident.pk)


@pytest.mark.parametrize(
    ("status", "began_before", "is_of_incident"),
    [("healthy", True, False), ("healthy", False, True), ("unhealthy", False, False)],
)
def test_nobody_is_degraded_since_before_the_incident(
    status: str, began_before: bool, is_of_incident: bool, now: datetime
) -> None:
    made = factories.integration(status=status, status_since=now)
    opened_at = now + timedelta(hours=-1 if began_before else 1)
    factories.incident(provider="composio", opened_at=opened_at)

    since = show(made).json()["current"]["statusSince"]

    assert since == shapes.instant(opened_at if is_of_incident else now)


def test_who_was_the_owner_before_is_not_shown_to_the_next(now: datetime) -> None:
    made = factories.integration()
    past(made, "healthy", last_at=now, every=timedelta(minutes=5))
    heir = factories.user()
    Integration.objects.filter(pk=made.pk).update(user=heir)
    client = as_user(heir)

    assert client.get(path_of(made)).json()["history"] == []
    assert show(made).status_code == 404


def test_what_is_open_says_who_is_told_or_why_nobody_is(now: datetime) -> None:
    made = factories.integration(status="unhealthy")
    until = now + timedelta(minutes=20)
    held = factories.alert(
        integration=made, message="It failed.", held_back="cooldown", held_until=until
    )
    factories.alert(integration=made, resolved_at=datetime.now(UTC) + timedelta(minutes=1))
    factories.alert()

    (alert,) = show(made).json()["alerts"]

    assert (alert["id"], alert["message"]) == (str(held.pk), "It failed.")
    assert alert["telling"] == {
        "state": "held_back",
        "says": "Not sent, because the same was told not long ago.",
        "at": None,
        "until": "2031-03-14T09:46:53.000Z",
    }
    assert alert["next"] == "If it is still so then, it is sent."


def test_alerts_of_who_was_the_owner_before_are_not_shown_to_the_next() -> None:
    made = factories.alert().integration
    heir = factories.user()
    Integration.objects.filter(pk=made.pk).update(user=heir)

    assert as_user(heir).get(path_of(made)).json()["alerts"] == []


@pytest.mark.parametrize("checks", [0, 100])
def test_health_costs_the_same_statements_whatever_the_past(checks: int, now: datetime) -> None:
    made = factories.integration()
    for _ in range(checks // 20):
        factories.notification(alert=factories.alert(integration=made), is_collecting=False)
    past(made, *["healthy"] * checks, last_at=now, every=timedelta(minutes=5))
    by_token, by_key = as_user(made.user), as_back_end()
    by_key.get(path_of(made))  # notes that the key was used

    with counted_statements() as of_token:
        by_token.get(path_of(made))
    with counted_statements() as of_key:
        by_key.get(path_of(made))

    assert (len(of_token), len(of_key)) == (4, 5)


def test_an_unknown_parameter_is_refused() -> None:
    answer = show(factories.integration(), data={"fields": "current"})

    assert answer.status_code == 400
