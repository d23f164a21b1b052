"""Who is left in peace, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.holding import Facts, Incident, Quiet, Reason, held_back
from tests.unit.test_rules import rule

NOW = datetime(2031, 3, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
ids = [UUID(int=number) for number in range(1, 6)]


def alert(**fields: Any) -> Facts:
    """Return an alert that nothing holds back."""
    defaults: dict[str, Any] = {
        "alert_id": ids[0],
        "rule": rule(id=ids[1]),
        "integration_id": ids[2],
        "user_id": ids[3],
        "service": "gmail",
        "provider": "composio",
        "error_code": "timeout",
        "email": "owner@example.com",
        "last_check_at": NOW,
    }
    return Facts(**defaults | fields)


def quiet(**fields: Any) -> Quiet:
    defaults: dict[str, Any] = {"is_maintenance": False, "comment": "Known.", "ends_at": NOW + HOUR}
    return Quiet(**defaults | fields)


def reason(alert: Facts, *quiets: Quiet) -> Reason | None:
    held = held_back(alert, quiets=quiets)
    return None if held is None else held.reason


OPEN = Incident(ids[4], "composio", None)
CLOSED = Incident(ids[4], "composio", NOW)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, None),
        ({"rule": rule(is_enabled=False)}, Reason.RULE_DISABLED),
        # Its scope was changed since it opened the alert.
        ({"rule": rule(service="slack")}, Reason.RULE_DISABLED),
        ({"rule": rule(user_id=ids[4])}, Reason.RULE_DISABLED),
        ({"rule": rule(service="gmail", provider="composio", user_id=ids[3])}, None),
        ({"is_acknowledged": True}, Reason.ACKNOWLEDGED),
        ({"incident": OPEN}, Reason.INCIDENT),
        ({"incident": OPEN, "error_code": "service_error"}, Reason.INCIDENT),
        ({"incident": OPEN, "error_code": "slow"}, Reason.INCIDENT),
        ({"incident": OPEN, "error_code": "auth_expired"}, None),
        ({"incident": OPEN, "error_code": "permission"}, None),
        ({"incident": OPEN, "error_code": "something new"}, None),
        ({"incident": CLOSED, "last_check_at": NOW - HOUR}, Reason.INCIDENT),
        ({"incident": CLOSED, "last_check_at": None}, Reason.INCIDENT),
        ({"incident": CLOSED, "last_check_at": NOW}, None),
        ({"email": ""}, Reason.NO_DESTINATION),
        ({"rule": rule(action="webhook")}, Reason.NO_DESTINATION),
        ({"rule": rule(action="slack")}, Reason.NO_DESTINATION),
        ({"rule": rule(action="webhook", destination_id=ids[4]), "email": ""}, None),
        (
            {"rule": rule(destination_id=ids[4], is_destination_enabled=False)},
            Reason.NO_DESTINATION,
        ),
    ],
)
def test_what_holds_an_alert_back(facts: dict[str, Any], expected: Reason | None) -> None:
    assert reason(alert(**facts)) is expected


@pytest.mark.parametrize(
    "matcher",
    [
        {"service": "gmail"},
        {"provider": "composio"},
        {"error_code": "timeout"},
        {"user_id": ids[3]},
        {"integration_id": ids[2]},
        {"rule_id": ids[1]},
        {"alert_id": ids[0]},
        {},
    ],
)
def test_a_silence_is_about_what_it_names(matcher: dict[str, Any]) -> None:
    assert reason(alert(), quiet(**matcher)) is Reason.SILENCE


@pytest.mark.parametrize(
    "matcher",
    [
        {"service": "slack"},
        {"provider": "klavis"},
        {"error_code": "slow"},
        *({name: UUID(int=9)} for name in ("user_id", "integration_id", "rule_id", "alert_id")),
    ],
)
def test_a_silence_about_something_else_is_none(matcher: dict[str, Any]) -> None:
    assert reason(alert(), quiet(**{"service": "gmail"} | matcher)) is None


def test_maintenance_is_named_before_a_silence() -> None:
    held = held_back(alert(), quiets=[quiet(), quiet(is_maintenance=True, comment="We move.")])

    assert held is not None
    assert (held.reason, held.until) == (Reason.MAINTENANCE, NOW + HOUR)
    assert "We move." in held.why


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "service": st.sampled_from(["", "gmail", "slack"]),
            "provider": st.sampled_from(["", "composio", "klavis"]),
            "error_code": st.sampled_from(["", "timeout", "slow"]),
            "user_id": st.sampled_from([None, ids[3], UUID(int=9)]),
            "rule_id": st.sampled_from([None, ids[1], UUID(int=9)]),
        },
    ),
    st.sampled_from(["service", "provider", "error_code", "user_id", "rule_id"]),
)
def test_a_wider_silence_hides_at_least_as_much(matcher: dict[str, Any], widened: str) -> None:
    narrow = quiet(**matcher)
    wide = quiet(**{name: value for name, value in matcher.items() if name != widened})

    if narrow.matches(alert().matter):
        assert wide.matches(alert().matter)
