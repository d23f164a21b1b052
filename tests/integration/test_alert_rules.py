"""The rules that come with the product, and those that are refused."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db.models import RestrictedError

from alerts.models import AlertRule, MaintenanceWindow, Silence
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("default_rules")
def test_the_two_rules_of_the_brief_come_by_migration() -> None:
    shown = ("condition", "threshold", "action", "cooldown_minutes", "severity", "enabled")
    assert list(AlertRule.objects.order_by("threshold").values_list(*shown)) == [
        ("consecutive_failures", 3.0, "email", 60, "critical", True),
        ("response_time", 5000.0, "webhook", 30, "warning", True),
    ]


@pytest.mark.usefixtures("default_rules")
def test_the_rules_of_the_brief_are_good_rules() -> None:
    for rule in AlertRule.objects.all():
        rule.full_clean()


@pytest.mark.parametrize(
    ("fields", "named", "said"),
    [
        ({"threshold": 0}, "threshold", "above zero"),
        ({"threshold": -1}, "threshold", ""),
        ({"threshold": float("inf")}, "threshold", "above zero"),
        ({"threshold": float("nan")}, "threshold", "above zero"),
        ({"threshold": None}, "threshold", ""),
        ({"threshold": 2.5}, "threshold", "whole number"),
        ({"condition": "error_rate", "threshold": 101}, "threshold", "percentage"),
        ({"condition": "mood"}, "condition", ""),
        ({"action": "fax"}, "action", ""),
        ({"severity": "info"}, "severity", "critical or warning"),
        ({"window_minutes": 0}, "window_minutes", ""),
        ({"window_minutes": 1441}, "window_minutes", ""),
        ({"minimum_checks": 0}, "minimum_checks", ""),
        ({"cooldown_minutes": 10_081}, "cooldown_minutes", ""),
        ({"name": ""}, "name", ""),
    ],
)
def test_a_bad_rule_is_refused_with_its_field(
    fields: dict[str, Any], named: str, said: str
) -> None:
    good = {"name": "A rule", "condition": "consecutive_failures", "threshold": 3}
    rule = AlertRule(**good | {"action": "email"} | fields)

    with pytest.raises(ValidationError) as refused:
        rule.full_clean()

    assert named in refused.value.message_dict
    assert said in " ".join(refused.value.message_dict[named])


def test_a_rule_that_names_a_destination_of_another_kind_is_refused() -> None:
    rule = factories.rule(action="slack")
    rule.destination = factories.destination(name="Desk")

    with pytest.raises(ValidationError) as refused:
        rule.full_clean()

    assert refused.value.message_dict["destination"] == [
        "“Desk” is reached by email, and the rule tells by slack."
        " Choose another destination, or the action email."
    ]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": NOW}, "ends_at"),
        ({"service": ""}, "__all__"),
    ],
)
def test_a_bad_silence_is_refused(fields: dict[str, Any], named: str) -> None:
    silence = Silence(**{"service": "gmail", "starts_at": NOW, "comment": "Known."} | fields)

    with pytest.raises(ValidationError) as refused:
        silence.full_clean(exclude=["author", "starts_at"])

    assert named in refused.value.message_dict


def test_a_silence_about_one_alert_needs_no_end() -> None:
    silence = Silence(alert=factories.alert(), starts_at=NOW, comment="Known.")

    silence.full_clean(exclude=["author"])


def test_maintenance_that_ends_before_it_starts_is_refused() -> None:
    window = MaintenanceWindow(starts_at=NOW, ends_at=NOW, comment="We move.")

    with pytest.raises(ValidationError) as refused:
        window.full_clean(exclude=["author"])

    assert "ends_at" in refused.value.message_dict


def test_who_deletes_a_person_deletes_the_rules_for_them_with_their_alerts() -> None:
    integration = factories.integration()
    rule = factories.rule(user=integration.user)
    factories.notification(alert=factories.alert(integration=integration, rule=rule))

    integration.user.delete()

    assert not AlertRule.objects.filter(pk=rule.pk).exists()


def test_a_rule_that_opened_alerts_is_switched_off_rather_than_deleted() -> None:
    rule = factories.rule()
    factories.alert(rule=rule)

    with pytest.raises(RestrictedError):
        rule.delete()
