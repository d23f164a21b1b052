"""What support staff do to alerts by buttons: to one, to those that are ticked, to a group."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts.models import Alert, Decision, NotificationItem
from tests import factories
from tests.acting import CAUSE, act, person, said, ticked, timeouts
from tests.alarms import fail
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

VERBS = {
    "acknowledge": "alerts.acknowledge_alert",
    "unacknowledge": "alerts.acknowledge_alert",
    "silence-1h": "alerts.add_silence",
    "silence-4h": "alerts.add_silence",
    "silence": "alerts.add_silence",
    "check": "integrations_health.check_integration",
    "send-link": "alerts.send_reauth_link",
    "resolve": "alerts.resolve_alert",
}
every_verb = pytest.mark.parametrize("verb", VERBS)


@every_verb
def test_nothing_is_done_by_following_a_link(staff: Client, verb: str) -> None:
    (alert,) = timeouts(1)

    answer = staff.get(
        reverse("admin:alerts_alert_act", args=[verb]), {"only": f"alert:{alert.pk}"}
    )

    assert answer.status_code == 405
    assert not Decision.objects.exists()


@every_verb
def test_nothing_is_done_to_a_list_that_cannot_be_read(staff: Client, verb: str) -> None:
    (alert,) = timeouts(1)

    answer = act(staff, verb, "created_at__gt=nonsense", only=f"alert:{alert.pk}")

    assert answer.status_code == 400
    assert not Decision.objects.exists()


def test_of_a_note_only_what_can_be_kept_is_kept(staff: Client) -> None:
    (alert,) = timeouts(1)

    act(staff, "acknowledge", only=f"alert:{alert.pk}", note="mine\0 now")

    alert.refresh_from_db()
    assert alert.acknowledgement_note == "mine now"


@every_verb
def test_nothing_is_done_for_another_site(verb: str) -> None:
    (alert,) = timeouts(1)
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.staff())

    answer = act(client, verb, only=f"alert:{alert.pk}")

    assert answer.status_code == 403
    assert not Decision.objects.exists()


@every_verb
def test_who_may_not_sees_no_button_and_is_refused(verb: str) -> None:
    (alert,) = timeouts(1)
    others = set(VERBS.values()) - {VERBS[verb]}
    may, may_not = (
        person("alerts.view_alert", VERBS[verb]),
        person("alerts.view_alert", *others),
    )
    address = reverse("admin:alerts_alert_act", args=[verb])
    pages = [
        reverse("admin:alerts_alert_changelist"),
        reverse("admin:alerts_alert_change", args=[alert.pk]),
    ]

    assert all(f'"{address}?' in may.get(page).content.decode() for page in pages)
    assert not any(f'"{address}?' in may_not.get(page).content.decode() for page in pages)
    assert act(may_not, verb, only=f"alert:{alert.pk}").status_code == 403
    assert act(person(VERBS[verb]), verb, only=f"alert:{alert.pk}").status_code == 403
    assert not Decision.objects.exists()


def test_a_verb_that_there_is_not_is_not_found(staff: Client) -> None:
    assert act(staff, "explode").status_code == 404


@every_verb
def test_who_ticked_nothing_is_told_so(staff: Client, verb: str) -> None:
    timeouts(1)

    answer = act(staff, verb, _selected_action="not-an-id", cause="no cause", only="alert:nor-this")

    assert said(answer) == ["Nothing was changed: tick an alert or a group first."]


def test_what_is_ticked_is_acknowledged_with_a_note(staff: Client) -> None:
    first, second, other = timeouts(3)

    answer = act(staff, "acknowledge", **ticked(first, second), note="On it.")

    assert said(answer) == ["2 alerts acknowledged."]
    notes = dict(Alert.objects.values_list("pk", "acknowledgement_note"))
    assert notes == {first.pk: "On it.", second.pk: "On it.", other.pk: ""}
    rows = LogEntry.objects.filter(object_id__in=[first.pk, second.pk])
    assert {row.change_message for row in rows} == {"Acknowledge: On it."}
    assert rows.count() == 2


def test_a_button_beside_one_alert_does_not_mind_what_is_ticked(staff: Client) -> None:
    one, ticked_one = timeouts(2)

    act(staff, "acknowledge", only=f"alert:{one.pk}", **ticked(ticked_one))

    assert [alert.pk for alert in Alert.objects.exclude(acknowledged_at=None)] == [one.pk]


def test_a_second_click_changes_nothing_and_says_why(staff: Client) -> None:
    over, known, new = timeouts(3)
    Alert.objects.filter(pk=over.pk).update(resolved_at=timezone.now())
    act(staff, "acknowledge", **ticked(known), note="Mine.")

    answer = act(staff, "acknowledge", _selected_action=[over.pk, known.pk, new.pk, uuid4()])

    assert said(answer) == [
        "1 alert acknowledged. Passed over: 1 resolved before, 1 already had somebody who looks "
        "after it, 1 no longer there."
    ]
    assert Alert.objects.get(pk=known.pk).acknowledgement_note == "Mine."


def test_an_acknowledgement_is_taken_back(staff: Client) -> None:
    known, other = timeouts(2)
    act(staff, "acknowledge", **ticked(known))

    answer = act(staff, "unacknowledge", **ticked(known, other))

    assert said(answer) == [
        "1 alert no longer acknowledged. Passed over: 1 had nobody who looks after it."
    ]
    assert not Alert.objects.exclude(acknowledged_at=None).exists()


def test_a_group_is_all_that_was_open_of_a_cause_when_the_page_was_shown(staff: Client) -> None:
    seen = timeouts(2)
    factories.alert(error_code="server_error")
    shown_at = timezone.now()
    timeouts(1, created_at=shown_at + timedelta(seconds=1))

    answer = act(staff, "acknowledge", cause=CAUSE, shown_at=shown_at.isoformat())

    assert said(answer) == ["2 alerts acknowledged."]
    acknowledged = Alert.objects.exclude(acknowledged_at=None).values_list("pk", flat=True)
    assert set(acknowledged) == {alert.pk for alert in seen}


def test_a_group_under_a_filter_is_what_the_filter_shows(staff: Client) -> None:
    loud, soft = timeouts(1), timeouts(1, severity="warning")

    answer = act(staff, "acknowledge", "severity=warning", only=f"cause:{CAUSE}")

    assert said(answer) == ["1 alert acknowledged."]
    assert Alert.objects.get(acknowledged_at=None).pk == loud[0].pk
    assert soft
    assert answer.redirect_chain[0][0].endswith("?severity=warning")


def test_one_is_resolved_at_once_and_many_after_a_question(staff: Client) -> None:
    one, *many = timeouts(4)
    act(staff, "resolve", **ticked(one))
    assert Alert.objects.get(pk=one.pk).resolved_at is not None

    asked = act(staff, "resolve", **ticked(*many))

    assert asked.status_code == 200
    page = asked.content.decode()
    assert "3 alerts of 3 users" in page
    assert page.count('name="_selected_action"') == 3
    assert Alert.objects.filter(resolved_at=None).count() == 3

    answer = act(staff, "resolve", **ticked(*many), confirmed="yes")

    assert said(answer) == ["3 alerts resolved."]
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_who_was_told_hears_of_a_resolution_by_hand(staff: Client, no_rules: None) -> None:
    factories.rule()
    fail(factories.integration(status="healthy"))
    alert = Alert.objects.get()

    act(staff, "resolve", only=f"alert:{alert.pk}")

    events = NotificationItem.objects.order_by("id").values_list("event", flat=True)
    assert list(events) == ["opened", "recovered"]


@every_verb
def test_a_bulk_verb_costs_the_same_statements_for_any_number(staff: Client, verb: str) -> None:
    ContentType.objects.get_for_model(Alert)  # looked up once in the life of a process
    costs = []
    for count in (2, 30):
        alerts = timeouts(count)
        if verb == "unacknowledge":
            act(staff, "acknowledge", **ticked(*alerts))
        address = reverse("admin:alerts_alert_act", args=[verb])
        with counted_statements() as sent:
            staff.post(address, {**ticked(*alerts), "confirmed": "yes"})
        costs.append(len(sent))

    assert costs[0] == costs[1]


def test_after_a_button_on_an_alerts_own_page_one_is_there_again(staff: Client) -> None:
    (alert,) = timeouts(1)

    answer = act(staff, "acknowledge", only=f"alert:{alert.pk}", **{"from": "one"})

    assert answer.redirect_chain[-1][0] == reverse("admin:alerts_alert_change", args=[alert.pk])
