"""What a rule may not be is refused with its field named, and what to type instead."""

import pytest
from django.test import Client

from alerts.models import AlertRule
from tests import factories
from tests.admin_pages import url
from tests.integration.test_rule_pages import ADD, form

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        ({"name": ""}, "name", "Type a name by which staff know it."),
        ({"name": "Known"}, "name", "There is a rule of this name: type another."),
        ({"condition": ""}, "condition", "Choose what it looks at."),
        ({"condition": "mood"}, "condition", "Select a valid choice."),
        ({"action": ""}, "action", "Choose how people are told."),
        ({"threshold": "2.5"}, "threshold", "Type a whole number of failures in a row"),
        ({"threshold": "1001"}, "threshold", "from 1 to 1,000"),
        ({"threshold": "0"}, "threshold", "Type a number above zero."),
        ({"threshold": "-1"}, "threshold", "Type a number above zero"),
        ({"threshold": ""}, "threshold", "Type a number above zero, such as 3."),
        ({"threshold": "many"}, "threshold", "Type a number above zero, such as 3."),
        ({"threshold": "nan"}, "threshold", "Type a number above zero"),
        (
            {"condition": "response_time", "threshold": "10000"},
            "threshold",
            "Type milliseconds below 10,000, such as 5000: no answer is waited for longer.",
        ),
        (
            {"condition": "error_rate", "threshold": "150"},
            "threshold",
            "Type a percentage from 1 to 100.",
        ),
        ({"severity": "info"}, "severity", "Choose critical or warning"),
        ({"window_minutes": "2000"}, "window_minutes", "Type minutes from 1 to 1,440"),
        ({"window_minutes": "0"}, "window_minutes", "Type minutes from 1 to 1,440"),
        ({"window_minutes": "an hour"}, "window_minutes", "Type minutes from 1 to 1,440"),
        ({"minimum_checks": "0"}, "minimum_checks", "Type a number of checks from 1 on"),
        ({"minimum_checks": f"{2**31}"}, "minimum_checks", "Type a number of checks from 1 on"),
        (
            {"condition": "error_rate", "window_minutes": "30", "minimum_checks": "31"},
            "minimum_checks",
            "Type 30 at most: an integration is checked once a minute at most.",
        ),
        ({"cooldown_minutes": "10081"}, "cooldown_minutes", "Type minutes from 0 to 10,080"),
        ({"cooldown_minutes": "-1"}, "cooldown_minutes", "Type minutes from 0 to 10,080"),
        ({"cooldown_minutes": f"{2**63}"}, "cooldown_minutes", "Type minutes from 0 to 10,080"),
        ({"service": "gmial"}, "service", "Type one such as calendar, gmail, slack"),
        ({"provider": "compsio"}, "provider", "Type one of composio, klavis, mcp"),
        ({"user": "bob"}, "user", "Type the id of an existing user"),
        ({"user": "7d7e0b0c-0000-4000-8000-000000000000"}, "user", "Type the id of an existing"),
        ({"destination": "7d7e0b0c-0000-4000-8000-000000000000"}, "destination", "valid choice"),
    ],
)
@pytest.mark.parametrize("button", ["_preview", "_save"])
def test_a_rule_that_makes_no_sense_is_refused_with_the_field_named(
    staff: Client, button: str, fields: dict[str, str], field: str, expected: str
) -> None:
    factories.rule(name="Known", threshold=9)

    answer = staff.post(ADD, form(**fields) | {button: "1"})

    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert expected in str(errors[field])
    assert AlertRule.objects.count() == 1


def test_a_scope_is_written_as_it_is_called_and_may_be_of_a_service_that_only_we_watch(
    staff: Client,
) -> None:
    factories.integration(service="our-crm", provider="mcp")

    staff.post(ADD, form(service=" Our-CRM ", provider="MCP"))

    made = AlertRule.objects.get()
    assert (made.service, made.provider) == ("our-crm", "mcp")


def test_a_rule_of_a_service_that_is_gone_can_still_be_changed(staff: Client) -> None:
    rule = factories.rule(service="gone", threshold=3)

    page = url(AlertRule, "change", rule.pk)
    answer = staff.post(page, form(name=rule.name, service="gone", threshold="4"))

    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        ({}, False),
        ({"cooldown_minutes": "5", "severity": "warning"}, False),
        ({"threshold": "4"}, True),
        ({"service": "gmail"}, True),
        ({"action": "slack"}, True),
        ({"condition": "error_rate"}, True),
    ],
)
def test_a_rule_that_does_what_another_does_is_refused(
    staff: Client, fields: dict[str, str], is_taken: bool
) -> None:
    staff.post(ADD, form(name="The first"))

    answer = staff.post(ADD, form(name="The second", **fields))

    assert (answer.status_code == 302) is is_taken
    if not is_taken:
        assert "The rule “The first” is the same. Change that one." in answer.content.decode()


def test_a_destination_of_another_kind_is_refused(staff: Client) -> None:
    slack = factories.destination(kind="slack", name="Desk", address="https://hooks.a/secret")

    answer = staff.post(ADD, form(destination=str(slack.pk)))

    said = str(answer.context["adminform"].form.errors["destination"])
    assert "“Desk” is reached by slack, and the rule tells by email." in said
    assert "hooks.a" not in answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ""),
        ({"action": "webhook"}, "It names no destination for webhook"),
        ({"action": "slack", "destination": "off"}, "“Desk” is switched off: nobody is told"),
        ({"action": "webhook", "enabled": ""}, ""),
    ],
)
def test_who_saves_a_rule_that_tells_nobody_is_told_so(
    staff: Client, fields: dict[str, str], said: str
) -> None:
    off = factories.destination(kind="slack", name="Desk", enabled=False)
    if "destination" in fields:
        fields = fields | {"destination": str(off.pk)}

    answer = staff.post(ADD, form(**fields), follow=True)

    warnings = [str(one) for one in answer.context["messages"] if one.level_tag == "warning"]
    assert len(warnings) == bool(said)
    assert all(said in one for one in warnings)
    assert AlertRule.objects.count() == 1
