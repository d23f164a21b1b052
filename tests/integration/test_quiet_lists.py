"""The lists of silences and windows: what is on, what each hides, and ended with a click."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from alerts.models import MaintenanceWindow, Silence
from tests import factories
from tests.admin_pages import url
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Silence, MaintenanceWindow])
def test_the_list_says_what_is_on_and_what_it_hides(
    staff: Client, model: type[Silence | MaintenanceWindow]
) -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    make = factories.silence if model is Silence else factories.maintenance
    make(service="gmail", starts_at=now - hour, ends_at=now + hour, comment="on")
    make(service="gmail", starts_at=now + hour, ends_at=now + 2 * hour, comment="to come")
    make(service="gmail", starts_at=now - 2 * hour, ends_at=now - hour, comment="over")
    factories.alert()

    states = {}
    for state in ("on", "to-come", "over"):
        rows = staff.get(url(model, "changelist"), {"state": state}).context["cl"].result_list
        states[state] = [(row.comment, row.hides_now) for row in rows]

    assert states == {
        "on": [("on", 1)],
        "to-come": [("to come", None)],
        "over": [("over", None)],
    }


def test_the_list_costs_the_same_for_any_number(staff: Client) -> None:
    costs = []
    for _ in range(2):
        for _ in range(10):
            alert = factories.alert()
            factories.silence(
                user=alert.user,
                integration=alert.integration,
                rule=alert.rule,
                alert=alert,
                author=factories.staff(),
            )
        with counted_statements() as sent:
            staff.get(url(Silence, "changelist"))
        costs.append(len(sent))

    assert costs[0] == costs[1]


def test_silences_are_ended_now_and_it_is_written_down(staff: Client) -> None:
    now, hour = timezone.now(), timedelta(hours=1)
    on = factories.silence(starts_at=now - hour, ends_at=now + hour)
    to_come = factories.silence(starts_at=now + hour, ends_at=now + 2 * hour)
    chosen = {"action": "end_now", "_selected_action": [on.pk, to_come.pk]}

    answers = [staff.post(url(Silence, "changelist"), chosen, follow=True) for _ in range(2)]

    assert [[str(one) for one in answer.context["messages"]][-1] for answer in answers] == [
        "1 ended. Passed over: 1 not on. Delete what has not begun.",
        "0 ended. Passed over: 2 not on. Delete what has not begun.",
    ]
    on.refresh_from_db()
    assert on.ends_at is not None
    assert on.ends_at <= timezone.now()
    assert LogEntry.objects.get().change_message == "Ended by hand."
