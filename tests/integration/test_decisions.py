"""What was decided can be read for ninety days."""

from datetime import timedelta

import pytest
from django.test import Client

from alerts import decisions
from alerts.decisions import Line, Verdict
from alerts.models import Cooldown, Decision
from tests import factories
from tests.admin_pages import url
from tests.conftest import NOW
from tests.sessions import execute

pytestmark = pytest.mark.django_db


def test_decisions_keep_their_order() -> None:
    alert = factories.alert()
    lines = [Line(alert.pk, Verdict.OPENED, str(number)) for number in range(50)]

    decisions.append(lines, at=NOW)

    found = Decision.objects.order_by("id").values_list("reason", flat=True)
    assert list(found) == [line.reason for line in lines]


def test_a_reason_that_is_too_long_is_cut() -> None:
    decisions.append([Line(factories.alert().pk, Verdict.OPENED, "x" * 900)], at=NOW)

    assert len(Decision.objects.get().reason) == 500


def test_what_is_older_than_ninety_days_goes_however_much_it_is() -> None:
    line = Line(factories.alert().pk, Verdict.OPENED, "")
    decisions.append([line] * 5, at=NOW - timedelta(days=91))
    decisions.append([line] * 2, at=NOW - timedelta(days=89))

    assert decisions.prune(now=NOW, at_once=2) == 5
    assert Decision.objects.count() == 2


def test_what_was_decided_and_what_cools_down_goes_with_what_it_is_about() -> None:
    alert = factories.alert()
    rule, other = factories.rule(), factories.alert()
    for one in (alert, other):
        decisions.append([Line(one.pk, Verdict.OPENED, "")], at=NOW)
        Cooldown.objects.create(rule=rule, integration=one.integration, until=NOW)

    alert.integration.delete()

    assert Decision.objects.get().alert == other
    assert Cooldown.objects.get().integration == other.integration


def test_a_decision_whose_alert_has_just_gone_is_shown_to_nobody(staff: Client) -> None:
    gone, here = factories.alert(), factories.alert()
    decisions.append([Line(gone.pk, Verdict.OPENED, "About nothing.")], at=NOW)
    decisions.append([Line(here.pk, Verdict.OPENED, "About something.")], at=NOW)
    # As if it had gone while that was decided: the ORM would delete what it sees of it.
    execute("DELETE FROM health_check_alerts WHERE id = %s", gone.pk)

    page = staff.get(url(Decision, "changelist")).content.decode()

    assert "About something." in page
    assert "About nothing." not in page
