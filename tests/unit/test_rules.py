"""When a rule fires, when it is over, and how loud it is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import rules
from alerts.rules import AlertType, Condition, Rate, Rule, Severity, Verdict
from integrations_health.outcomes import MEANINGS, Observation, Outcome
from integrations_health.status import Status, Vote

SOMEBODY = UUID(int=1)


def rule(condition: Condition = Condition.CONSECUTIVE_FAILURES, **fields: Any) -> Rule:
    """Return a rule by which three failures in a row are critical."""
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "name": "A rule",
        "condition": condition,
        "threshold": 3,
        "severity": Severity.CRITICAL,
        "action": "email",
        "cooldown": None,
    }
    return Rule(**defaults | fields)


def seen(outcome: Outcome = Outcome.TIMEOUT, **fields: Any) -> Observation:
    """Return what one check means for an integration."""
    defaults: dict[str, Any] = {
        "integration_id": uuid4(),
        "user_id": SOMEBODY,
        "service": "gmail",
        "old": Status.DEGRADED,
        "new": Status.DEGRADED,
        "outcome": outcome,
        "vote": MEANINGS[outcome].vote,
        "consecutive_failures": 0,
        "response_time_ms": None,
        "at": datetime(2031, 3, 14, tzinfo=UTC),
    }
    return Observation(**defaults | fields)


@pytest.mark.parametrize(
    ("outcome", "failures", "expected"),
    [
        (Outcome.TIMEOUT, 1, Verdict.UNDECIDED),
        (Outcome.TIMEOUT, 2, Verdict.UNDECIDED),
        (Outcome.TIMEOUT, 3, Verdict.HOLDS),
        (Outcome.AUTH_EXPIRED, 4, Verdict.HOLDS),
        (Outcome.SLOW, 3, Verdict.HOLDS),
        (Outcome.OK, 0, Verdict.ENDED),
        (Outcome.RATE_LIMITED, 9, Verdict.UNDECIDED),
        (Outcome.KEY_REJECTED, 9, Verdict.UNDECIDED),
        (Outcome.INTERNAL_ERROR, 9, Verdict.UNDECIDED),
    ],
)
def test_failures_in_a_row(outcome: Outcome, failures: int, expected: Verdict) -> None:
    assert rules.judge(rule(), seen(outcome, consecutive_failures=failures)) is expected


@pytest.mark.parametrize(
    ("outcome", "took", "expected"),
    [
        (Outcome.OK, 1999, Verdict.ENDED),
        (Outcome.OK, 2000, Verdict.ENDED),
        (Outcome.OK, 2001, Verdict.HOLDS),
        (Outcome.SLOW, 9000, Verdict.HOLDS),
        (Outcome.SLOW, 2000, Verdict.ENDED),
        (Outcome.TIMEOUT, None, Verdict.UNDECIDED),
        # A dead grant is refused quickly, and works no better for it.
        (Outcome.AUTH_EXPIRED, 80, Verdict.UNDECIDED),
        (Outcome.SERVICE_ERROR, 80, Verdict.UNDECIDED),
        (Outcome.OK, None, Verdict.UNDECIDED),
        (Outcome.RATE_LIMITED, 9000, Verdict.UNDECIDED),
    ],
)
def test_response_time(outcome: Outcome, took: int | None, expected: Verdict) -> None:
    slow = rule(Condition.RESPONSE_TIME, threshold=2000)

    assert rules.judge(slow, seen(outcome, response_time_ms=took)) is expected


@pytest.mark.parametrize(
    ("outcome", "rate", "expected"),
    [
        (Outcome.TIMEOUT, Rate(4, 4), Verdict.UNDECIDED),
        (Outcome.TIMEOUT, Rate(0, 0), Verdict.UNDECIDED),
        (Outcome.TIMEOUT, Rate(2, 5), Verdict.HOLDS),
        (Outcome.TIMEOUT, Rate(3, 5), Verdict.HOLDS),
        (Outcome.TIMEOUT, Rate(40, 100), Verdict.HOLDS),
        (Outcome.OK, Rate(40, 100), Verdict.HOLDS),
        (Outcome.OK, Rate(1, 5), Verdict.ENDED),
        (Outcome.SLOW, Rate(39, 100), Verdict.ENDED),
        # What failed just now is not over, however seldom it does.
        (Outcome.TIMEOUT, Rate(1, 5), Verdict.UNDECIDED),
        (Outcome.OK, Rate(1, 4), Verdict.UNDECIDED),
        # Seldom checked, it might never be checked often enough again.
        (Outcome.OK, Rate(0, 1), Verdict.ENDED),
        (Outcome.OK, Rate(0, 0), Verdict.ENDED),
    ],
)
def test_error_rate(outcome: Outcome, rate: Rate, expected: Verdict) -> None:
    rate_rule = rule(Condition.ERROR_RATE, threshold=40, minimum_checks=5)

    assert rules.judge(rate_rule, seen(outcome), rate=rate) is expected


def test_good_news_open_no_alert_unless_they_are_slow() -> None:
    rate_rule = rule(Condition.ERROR_RATE, threshold=40, minimum_checks=5)
    slow = rule(Condition.RESPONSE_TIME, threshold=2000)
    good = seen(Outcome.OK, response_time_ms=3000)

    assert not rules.opens(rate_rule, good, rate=Rate(5, 5))
    assert rules.opens(rate_rule, seen(), rate=Rate(5, 5))
    assert rules.opens(slow, good)


@pytest.mark.parametrize(
    ("condition", "status", "expected"),
    [
        (Condition.CONSECUTIVE_FAILURES, Status.DEGRADED, Severity.WARNING),
        (Condition.CONSECUTIVE_FAILURES, Status.UNHEALTHY, Severity.CRITICAL),
        (Condition.ERROR_RATE, Status.DEGRADED, Severity.WARNING),
        (Condition.ERROR_RATE, Status.UNHEALTHY, Severity.CRITICAL),
        (Condition.RESPONSE_TIME, Status.HEALTHY, Severity.CRITICAL),
    ],
)
def test_what_still_works_in_part_is_a_warning(
    condition: Condition, status: Status, expected: Severity
) -> None:
    assert rules.severity(rule(condition), status) is expected


def test_no_alert_is_louder_than_its_rule() -> None:
    warns = rule(severity=Severity.WARNING)

    assert {rules.severity(warns, status) for status in Status} == {Severity.WARNING}


def test_only_what_works_no_more_is_a_failure() -> None:
    assert {status: rules.alert_type(status) for status in Status} == {
        Status.UNKNOWN: AlertType.DEGRADED,
        Status.HEALTHY: AlertType.DEGRADED,
        Status.DEGRADED: AlertType.DEGRADED,
        Status.UNHEALTHY: AlertType.FAILURE,
    }


@pytest.mark.parametrize(
    ("scope", "is_covered"),
    [
        ({}, True),
        ({"service": "gmail"}, True),
        ({"service": "slack"}, False),
        ({"provider": "composio", "service": "gmail"}, True),
        ({"provider": "klavis", "service": "gmail"}, False),
        ({"user_id": SOMEBODY}, True),
        ({"user_id": UUID(int=2)}, False),
    ],
)
def test_a_blank_scope_covers_all(scope: dict[str, Any], is_covered: bool) -> None:
    here: dict[str, Any] = {"service": "gmail", "provider": "composio", "user_id": SOMEBODY}

    assert rule(**scope).covers(**here) is is_covered


any_rule = st.builds(
    rule,
    st.sampled_from(Condition),
    threshold=st.floats(min_value=0.1, max_value=100),
    severity=st.sampled_from([Severity.CRITICAL, Severity.WARNING]),
    minimum_checks=st.integers(1, 20),
)
any_rate = st.integers(0, 50).flatmap(lambda n: st.builds(Rate, st.integers(0, n), st.just(n)))
any_seen = st.builds(
    seen,
    st.sampled_from(Outcome),
    consecutive_failures=st.integers(0, 20),
    response_time_ms=st.none() | st.integers(0, 200),
    new=st.sampled_from(Status),
)


@given(any_rule, any_seen, any_rate)
def test_what_opens_an_alert_also_holds_it_open(rule: Rule, seen: Observation, rate: Rate) -> None:
    if rules.opens(rule, seen, rate=rate):
        assert rules.judge(rule, seen, rate=rate) is Verdict.HOLDS


@given(any_rule, any_seen, any_rate)
def test_an_abstention_decides_nothing(rule: Rule, seen: Observation, rate: Rate) -> None:
    if seen.vote is Vote.ABSTAINS:
        assert rules.judge(rule, seen, rate=rate) is Verdict.UNDECIDED


@given(any_rule, any_seen, any_rate, st.floats(min_value=1, max_value=10))
def test_a_higher_threshold_never_fires_earlier(
    rule: Rule, seen: Observation, rate: Rate, times: float
) -> None:
    laxer = rule._replace(threshold=rule.threshold * times)

    if rules.judge(laxer, seen, rate=rate) is Verdict.HOLDS:
        assert rules.judge(rule, seen, rate=rate) is Verdict.HOLDS


@given(any_rule, st.sampled_from(Status))
def test_an_alert_is_never_louder_than_its_rule(rule: Rule, status: Status) -> None:
    assert not rules.severity(rule, status).is_louder_than(rule.severity)
