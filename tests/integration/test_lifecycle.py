"""Alerts open, get worse, end, and are looked after."""

from datetime import timedelta

import pytest

from alerts.models import Alert, AlertRule, NotificationItem
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, events, fail, told, verdicts
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

LATER = NOW + timedelta(minutes=40)


def test_the_third_failure_in_a_row_opens_an_alert_and_tells_the_owner() -> None:
    rule = factories.rule()
    integration = factories.integration(status="healthy")

    fail(integration, times=2, at=NOW - MINUTE)
    assert not Alert.objects.exists()
    check(integration, outcome=Outcome.TIMEOUT)

    opened = alert()
    assert (opened.rule, opened.integration, opened.user) == (rule, integration, integration.user)
    assert (opened.alert_type, opened.severity, opened.error_code) == (
        "failure",
        "critical",
        "timeout",
    )
    assert (opened.created_at, opened.told_at, opened.resolved_at) == (NOW, NOW, None)
    assert opened.message == (
        "Gmail via Composio has failed 3 times in a row. The provider did not answer in time."
    )
    assert told() == [("opened", f"user:{integration.user_id}")]
    assert verdicts() == ["opened", "told"]


def test_a_further_failure_opens_nothing_and_tells_nobody() -> None:
    factories.rule()
    integration = factories.integration(status="healthy")

    fail(integration, times=7)

    assert Alert.objects.count() == 1
    assert events() == ["opened"]


def test_a_success_ends_the_alert_with_an_all_clear_to_whoever_was_told() -> None:
    factories.rule()
    integration = factories.integration(status="healthy")
    fail(integration)

    check(integration, at=LATER)

    ended, all_clear = alert(), Alert.objects.get(alert_type="recovered")
    assert ended.resolved_at == LATER
    assert (all_clear.recovers, all_clear.severity) == (ended, "info")
    assert (all_clear.created_at, all_clear.resolved_at) == (LATER, LATER)
    assert all_clear.message == "Gmail via Composio works again, after 42 min."
    assert [recipient for _, recipient in told()] == [f"user:{integration.user_id}"] * 2
    assert events() == ["opened", "recovered"]
    assert set(NotificationItem.objects.values_list("alert", flat=True)) == {ended.pk}


def test_the_first_success_of_a_new_integration_is_no_recovery() -> None:
    factories.rule()

    check(factories.integration(status="unknown"))

    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "outcome", [Outcome.KEY_REJECTED, Outcome.PROBE_MISCONFIGURED, Outcome.INTERNAL_ERROR]
)
def test_our_own_fault_neither_opens_nor_ends_an_alert(outcome: Outcome) -> None:
    factories.rule(threshold=1)
    failing, fine = (factories.integration(status="healthy") for _ in range(2))
    fail(failing, times=1)

    check(failing, fine, outcome=outcome, at=LATER)

    assert alert().resolved_at is None
    assert alert().integration == failing


def test_what_gets_worse_is_told_once_more_to_the_same() -> None:
    factories.rule(cooldown_minutes=60)
    integration = factories.integration(status="healthy")
    fail(integration, outcome=Outcome.PERMISSION)
    assert (alert().severity, alert().alert_type) == ("warning", "degraded")

    fail(integration, outcome=Outcome.TIMEOUT, at=LATER)
    fail(integration, outcome=Outcome.TIMEOUT, at=LATER + timedelta(minutes=10))

    worse = alert()
    assert (worse.severity, worse.alert_type, worse.error_code) == (
        "critical",
        "failure",
        "timeout",
    )
    assert (worse.escalated_at, worse.escalation_told_at) == (LATER, LATER)
    assert "did not answer in time" in worse.message
    assert events() == ["opened", "escalated"]
    assert verdicts() == ["opened", "told", "escalated", "told"]


def test_a_slow_answer_opens_and_a_quick_one_ends() -> None:
    factories.rule(condition="response_time", threshold=2000, severity="warning")
    integration = factories.integration(status="healthy")

    check(integration, took=2500)
    slow = alert()
    check(integration, outcome=Outcome.TIMEOUT, took=None, at=NOW + MINUTE)
    check(integration, took=2000, at=LATER)

    assert (slow.alert_type, slow.severity, slow.error_code) == ("degraded", "warning", "slow")
    assert slow.message == "Gmail via Composio took 2.5 s to answer; 2 s is the limit."
    assert alert().resolved_at == LATER


def test_an_error_rate_is_counted_over_its_window() -> None:
    factories.rule(condition="error_rate", threshold=50, window_minutes=60, minimum_checks=4)
    integration = factories.integration(status="healthy")
    old = NOW - timedelta(minutes=61)
    for number in range(9):
        factories.history(integration, checked_at=old - number * MINUTE, outcome="timeout")
    for number, outcome in enumerate(["ok", "slow", "rate_limited", "timeout"]):
        factories.history(integration, checked_at=NOW - (10 + number) * MINUTE, outcome=outcome)

    check(integration, outcome=Outcome.SLOW)
    assert not Alert.objects.exists()  # one of four; what abstained is not counted
    fail(integration, times=2, at=NOW + MINUTE)

    assert alert().message.startswith("Gmail via Composio failed in 50 % of 6 checks within 1 h.")


def test_an_error_rate_alert_ends_when_the_failures_are_past() -> None:
    factories.rule(condition="error_rate", threshold=50, window_minutes=60, minimum_checks=2)
    integration = factories.integration(status="healthy")
    fail(integration, times=2)

    check(integration, at=NOW + MINUTE)
    assert alert().resolved_at is None
    check(integration, at=NOW + timedelta(minutes=61))

    assert alert().resolved_at == NOW + timedelta(minutes=61)


@pytest.mark.parametrize(
    "scope", [{"service": "slack"}, {"provider": "klavis"}, {"enabled": False}]
)
def test_a_rule_out_of_scope_or_switched_off_opens_nothing(scope: dict[str, object]) -> None:
    factories.rule(**scope)
    integration = factories.integration(status="healthy")

    fail(integration)

    assert not Alert.objects.exists()


def test_a_rule_for_one_user_is_deaf_to_others() -> None:
    mine, other = (factories.integration(status="healthy") for _ in range(2))
    factories.rule(user=mine.user)

    fail(mine, other)

    assert alert().integration == mine


def test_a_paused_integration_alarms_nobody() -> None:
    factories.rule()
    integration = factories.integration(status="healthy", enabled=False)

    fail(integration)

    assert not Alert.objects.exists()


def test_every_rule_has_an_alert_of_its_own() -> None:
    rules = {factories.rule(threshold=2), factories.rule(threshold=3)}
    integration = factories.integration(status="healthy")

    fail(integration)

    assert {one.rule for one in Alert.objects.all()} == rules
    assert NotificationItem.objects.values("notification").distinct().count() == 1


def test_an_alert_outlives_its_rule_being_switched_off() -> None:
    rule = factories.rule()
    integration = factories.integration(status="healthy")
    fail(integration)
    AlertRule.objects.filter(pk=rule.pk).update(enabled=False)

    check(integration, at=LATER)

    assert alert().resolved_at == LATER
    assert events() == ["opened", "recovered"]


def test_a_grant_that_dies_is_no_end_of_slowness() -> None:
    factories.rule(condition="response_time", threshold=2000)
    integration = factories.integration(status="healthy")
    check(integration, took=2500)

    check(integration, outcome=Outcome.AUTH_EXPIRED, took=80, at=NOW + MINUTE)

    assert alert().resolved_at is None
    assert events() == ["opened"]


def test_a_failure_below_the_rate_is_no_all_clear() -> None:
    factories.rule(condition="error_rate", threshold=50, window_minutes=60, minimum_checks=2)
    integration = factories.integration(status="healthy")
    fail(integration, times=2)
    for number in range(5):
        factories.history(integration, checked_at=NOW + (number + 1) * MINUTE)

    check(integration, outcome=Outcome.TIMEOUT, took=None, at=LATER)

    assert alert().resolved_at is None


def test_an_error_rate_alert_ends_though_it_is_seldom_checked_by_now() -> None:
    rule = factories.rule(condition="error_rate", threshold=50, minimum_checks=2)
    integration = factories.integration(status="healthy")
    fail(integration, times=2)
    AlertRule.objects.filter(pk=rule.pk).update(window_minutes=5)

    check(integration, at=LATER)

    assert alert().resolved_at == LATER
