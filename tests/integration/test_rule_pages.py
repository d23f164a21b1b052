"""The pages of rules: fields that explain themselves, and what a rule would have done."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from alerts import rule_words
from alerts.models import AlertRule
from tests import factories
from tests.admin_pages import url
from tests.roles import browser_of, member
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

ADD = url(AlertRule, "add")


def form(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Three in a row",
        "condition": "consecutive_failures",
        "threshold": "3",
        "window_minutes": "60",
        "minimum_checks": "5",
        "severity": "critical",
        "action": "email",
        "destination": "",
        "cooldown_minutes": "60",
        "service": "",
        "provider": "",
        "user": "",
        "enabled": "on",
    } | fields


def past(*statuses: str) -> None:
    watched = factories.integration()
    for number, status in enumerate(statuses):
        factories.history(
            watched,
            checked_at=timezone.now() - timedelta(hours=len(statuses) - number),
            status=status,
            outcome="ok" if status == "healthy" else "timeout",
        )


def test_a_rule_shows_how_often_it_would_have_fired_and_is_not_saved(staff: Client) -> None:
    past(*["healthy", *["unhealthy"] * 3] * 2)
    past(*["unhealthy"] * 2)

    answer = staff.post(ADD, form(_preview="1"))

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Over the last 30 days this rule would have fired 2 times, at 1 integration." in page
    assert "People would have been told 2 times" in page
    assert "History begins only at" in page
    assert not AlertRule.objects.exists()


def test_the_preview_is_of_what_is_in_the_form_and_not_of_what_is_saved(staff: Client) -> None:
    past("healthy", "unhealthy", "unhealthy")
    rule = factories.rule(threshold=3)

    answer = staff.post(
        url(AlertRule, "change", rule.pk), form(name=rule.name, threshold="2", _preview="1")
    )

    assert "would have fired 1 time" in answer.content.decode()
    rule.refresh_from_db()
    assert rule.threshold == 3


def test_without_history_nothing_is_said(staff: Client) -> None:
    assert "There is no history yet" in staff.post(ADD, form(_preview="1")).content.decode()


def test_a_rule_is_saved_and_what_changed_is_written_down(staff: Client) -> None:
    assert staff.post(ADD, form()).status_code == 302
    rule = AlertRule.objects.get()

    staff.post(url(AlertRule, "change", rule.pk), form(threshold="4"))

    rule.refresh_from_db()
    assert rule.threshold == 4
    newest = LogEntry.objects.order_by("-pk")[0]
    assert "Threshold: 3.0 → 4.0." in newest.change_message


def test_a_rule_that_alerts_name_is_not_deleted_but_switched_off(staff: Client) -> None:
    rule = factories.alert().rule
    assert rule is not None

    shown = staff.get(url(AlertRule, "delete", rule.pk)).content.decode()
    refused = staff.post(url(AlertRule, "delete", rule.pk), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"}
    of_many = staff.post(url(AlertRule, "changelist"), chosen).content.decode()

    assert "Switch it off instead" in shown
    assert refused.status_code == 200
    assert "Switch them off instead" in of_many
    assert AlertRule.objects.filter(pk=rule.pk).exists()


def test_a_rule_that_nothing_names_is_deleted(staff: Client) -> None:
    rule = factories.rule()

    assert staff.post(url(AlertRule, "delete", rule.pk), {"post": "yes"}).status_code == 302
    assert not AlertRule.objects.exists()


def test_to_ask_whether_a_rule_may_go_reads_none_of_its_alerts(staff: Client) -> None:
    rule = factories.rule()
    costs = []
    for _ in range(2):
        for _ in range(10):
            factories.alert(rule=rule)
        with counted_statements() as sent:
            staff.get(url(AlertRule, "delete", rule.pk))
        costs.append(len(sent))

    assert costs[0] == costs[1]


@pytest.mark.parametrize(("word", "on"), [("on", True), ("off", False)])
def test_rules_are_switched_together_and_it_is_written_down(
    staff: Client, word: str, on: bool
) -> None:
    rules = [factories.rule(enabled=not on), factories.rule(enabled=on)]
    chosen = {"action": f"switch_{word}", "_selected_action": [rule.pk for rule in rules]}

    answer = staff.post(url(AlertRule, "changelist"), chosen, follow=True)

    assert [str(one) for one in answer.context["messages"]] == [f"1 switched {word}."]
    assert set(AlertRule.objects.values_list("enabled", flat=True)) == {on}
    written = LogEntry.objects.get()
    assert (written.object_id, written.change_message) == (
        str(rules[0].pk),
        f"Switched {word}.",
    )


def test_the_list_says_of_each_rule_when_it_fires_of_what_and_whom_it_tells(staff: Client) -> None:
    off = factories.destination(kind="slack", name="Desk", enabled=False)
    factories.rule(name="a", service="calendar", provider="mcp", cooldown_minutes=90)
    factories.rule(name="b", condition="response_time", threshold=2500, action="webhook")
    rate = {"condition": "error_rate", "threshold": 12.5, "window_minutes": 90}
    factories.rule(name="c", **rate, action="slack", destination=off)
    factories.rule(name="d", threshold=1, user=factories.user(external_id="ann"))

    rows = staff.get(url(AlertRule, "changelist"), {"o": "1"}).context["cl"].result_list

    said = [(rule_words.fires(row), rule_words.scope(row), rule_words.tells(row)) for row in rows]
    assert said == [
        ("3 failures in a row", "Google Calendar via MCP", "the owner, by e-mail"),
        ("an answer after 2,500 ms", "everything", "nobody: no destination for webhook"),
        (
            "12.5 % of the checks within 1 h 30 min that fail, of 5 at least",
            "everything",
            "Desk, by Slack (off)",
        ),
        ("1 failure", "of ann", "the owner, by e-mail"),
    ]


def test_support_only_looks_at_rules() -> None:
    rule = factories.rule()
    support, operator = browser_of(member("support")), browser_of(member("operator"))

    page = support.get(url(AlertRule, "change", rule.pk))

    assert page.status_code == 200
    assert "Show how often" not in page.content.decode()
    assert support.post(ADD, form()).status_code == 403
    assert operator.post(ADD, form(threshold="7")).status_code == 302
