"""The page of one alert: what is known, what happens next, and everything that happened."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alerts import lifecycle, silences, timeline
from alerts.models import Alert
from integrations_health.outcomes import Outcome
from tests import factories
from tests.admin_pages import url
from tests.alarms import MINUTE, alert, check, fail
from tests.conftest import NOW
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


def told(of: Alert, *, now: Any = NOW + timedelta(hours=1)) -> list[tuple[str, str, str, str]]:
    found = Alert.objects.select_related("integration", "incident").get(pk=of.pk)
    entries = timeline.read(found, now=now).entries
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    return [(entry.kind.value, entry.says, entry.actor, entry.channel) for entry in entries]


def test_the_timeline_tells_an_alert_from_the_first_check_to_the_last() -> None:
    factories.rule(name="Three")
    watched = factories.integration(status="healthy")
    nora = factories.staff(username="nora")
    check(watched, at=NOW - 5 * MINUTE)
    fail(watched)
    lifecycle.acknowledge([alert().pk], by=nora, note="On it.", now=NOW + MINUTE)
    check(watched, outcome=Outcome.OK, at=NOW + 10 * MINUTE)

    lines = told(alert())

    said = "timeout: {}. The provider did not answer in time."
    assert [line for line in lines if line[0] == "check"] == [
        ("check", "ok, after 120 ms: healthy.", "", ""),
        ("check", said.format("degraded"), "", ""),
        ("check", said.format("degraded"), "", ""),
        ("check", said.format("unhealthy"), "", ""),
        ("check", "ok, after 120 ms: healthy.", "", ""),
    ]
    decided = [line for line in lines if line[0] == "decision"]
    assert decided[0][1].startswith("Opened by the rule “Three”")
    assert "Tells the owner by e-mail that it opened." in decided[1][1]
    assert decided[-1][1] == "It works again. Whoever was told of it hears so."
    assert {line[2] for line in decided} == {"the engine"}
    assert ("act", "Acknowledged: On it.", "nora", "by the API") in lines
    messages = [line for line in lines if line[0] == "message"]
    assert [(line[1].split(":")[0], line[3]) for line in messages] == [
        ("Opened, to the owner", "email"),
        ("Recovered, to the owner", "email"),
    ]


def test_what_was_done_in_the_admin_is_told_once_and_says_so(staff: Client) -> None:
    opened = factories.alert()
    for verb in ("acknowledge", "silence-1h", "check"):
        staff.post(
            f"/admin/alerts/alert/act/{verb}/", {"only": f"alert:{opened.pk}", "note": "Why"}
        )

    acts = [line for line in told(opened, now=timezone.now()) if line[0] == "act"]

    assert [(says, channel) for _, says, _, channel in acts] == [
        ("Acknowledged: Why", "in the admin"),
        ("Silence for 1 h: Why", "in the admin"),
        ("Check again now: Why", "in the admin"),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "Opened, to “Desk”: goes out at 2031-03-14 09:26 UTC."),
        (
            {"attempts": 2, "last_error": "It answered 500."},
            "Opened, to “Desk”: the 2nd attempt failed, the next is at 2031-03-14 09:26 UTC. It "
            "answered 500.",
        ),
        (
            {"attempts": 9, "state": "dead", "last_error": "It answered 500."},
            "Opened, to “Desk”: given up after the 9th attempt. It answered 500.",
        ),
        (
            {"attempts": 1, "state": "sent", "sent_at": NOW},
            "Opened, to “Desk”: sent at the 1st attempt.",
        ),
    ],
)
def test_a_message_says_how_far_it_came_and_no_address(
    fields: dict[str, Any], expected: str
) -> None:
    desk = factories.destination(kind="slack", name="Desk", address="https://hooks.a/secret")
    opened = factories.alert()
    fields = {"is_collecting": False, "next_attempt_at": NOW} | fields
    factories.notification(alert=opened, destination=desk, **fields)

    lines = told(opened)

    assert ("message", expected, "the engine", "slack") in lines
    assert "hooks.a" not in str(lines)


def test_a_message_that_was_replayed_says_so() -> None:
    opened = factories.alert()
    dead = factories.notification(alert=opened, state="dead", attempts=9, is_collecting=False)
    factories.notification(
        alert=factories.alert(integration=opened.integration),
        replays=dead,
        state="sent",
        sent_at=NOW,
        attempts=1,
        is_collecting=False,
    )

    said = [says for kind, says, _, _ in told(opened) if kind == "message"]

    assert said[0].endswith("given up after the 9th attempt.")
    assert said[-1].endswith("sent at the 1st attempt.")


def test_the_timeline_names_what_kept_people_in_peace() -> None:
    nora = factories.staff(username="nora")
    incident = factories.incident(opened_at=NOW - MINUTE, closed_at=NOW + MINUTE)
    opened = factories.alert(created_at=NOW, incident=incident, error_code="timeout")
    silences.of_alerts([opened.pk], by=nora, lasting=None, comment="Known.", now=NOW)
    factories.silence(service="slack", starts_at=NOW)
    factories.silence(starts_at=NOW - timedelta(days=2))
    factories.maintenance(starts_at=NOW, comment="We move.")

    lines = told(opened)

    assert ("quiet", "Silenced until it is resolved: Known.", "nora", "in the admin") in lines
    quiets = [says for kind, says, _, _ in lines if kind == "quiet"]
    assert quiets[1:] == ["Maintenance until 2031-03-14 10:26 UTC: We move."]
    assert [says for kind, says, _, _ in lines if kind == "incident"] == [
        "The incident of composio began.",
        "The incident of composio ended.",
    ]


def test_the_timeline_says_what_an_incident_went_on_as() -> None:
    wider = factories.incident(opened_at=NOW, closed_at=NOW + MINUTE)
    narrow = factories.incident(
        service="gmail", opened_at=NOW - MINUTE, closed_at=NOW, continued_by=wider
    )
    opened = factories.alert(created_at=NOW, incident=narrow, error_code="timeout")

    assert [says for kind, says, _, _ in told(opened) if kind == "incident"] == [
        "The incident of composio gmail began.",
        "It went on as the incident of composio.",
        "The incident of composio ended.",
    ]


def test_of_very_many_checks_the_newest_are_shown_and_those_that_led_to_it() -> None:
    opened = factories.alert(created_at=NOW - timedelta(hours=4))
    for number in range(-30, 210):
        at = opened.created_at + number * MINUTE
        factories.history(opened.integration, checked_at=at)
    found = Alert.objects.select_related("integration", "incident").get()

    shown = timeline.read(found, now=NOW)

    assert shown.is_cut
    assert len(shown.entries) == timeline.MOST_CHECKS + timeline.MOST_CHECKS_BEFORE
    assert shown.entries[-1].at == NOW - 31 * MINUTE


def test_the_page_costs_the_same_whatever_happened(staff: Client) -> None:
    opened = factories.alert()
    costs = []
    staff.get(url(Alert, "change", opened.pk))  # what a process remembers from then on
    for _ in range(2):
        for number in range(10):
            factories.history(opened.integration, checked_at=NOW - number * MINUTE)
            factories.silence(alert=opened)
            desk = factories.destination()
            factories.notification(alert=opened, destination=desk, is_collecting=False)
        with counted_statements() as sent:
            staff.get(url(Alert, "change", opened.pk))
        costs.append(len(sent))

    assert costs[0] == costs[1]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"held_back": "cooldown", "held_until": NOW}, "If it is still so then, it is sent."),
        (
            {"held_back": "no_destination"},
            "Not sent, because its rule has no destination that is on, or its owner no e-mail",
        ),
        ({"told_at": NOW, "held_back": "silence"}, "Whoever was told hears when it works again."),
        ({"is_flapping": True}, "It fails and recovers again and again"),
        ({"resolved_at": NOW}, "Nothing: it is over."),
        ({}, "Nobody was told."),
        ({}, "It is looked at again within half a minute."),
    ],
)
def test_the_page_says_what_happens_next(
    staff: Client, fields: dict[str, Any], expected: str
) -> None:
    later = timezone.now() + timedelta(minutes=8)
    watched = factories.integration(next_check_at=later)
    opened = factories.alert(integration=watched, error_code="auth_expired", **fields)

    page = staff.get(url(Alert, "change", opened.pk)).content.decode()

    assert expected in page
    assert "The connection expired or was revoked. Reconnect it." in page
    assert "Only the owner can mend it, by connecting it again." in page
    assert ("The next check is in 7 min." in page) is (opened.resolved_at is None)


def test_the_page_says_when_each_was_told(staff: Client) -> None:
    opened = factories.alert(told_at=NOW)
    desk = factories.destination(name="Desk")
    sent = {"state": "sent", "sent_at": NOW, "is_collecting": False}
    factories.notification(alert=opened, destination=desk, **sent)

    page = staff.get(url(Alert, "change", opened.pk)).content.decode()

    assert "“Desk” was told by e-mail, <time" in page


def test_a_paused_integration_is_said_to_be_paused(staff: Client) -> None:
    opened = factories.alert(integration=factories.integration(enabled=False))

    page = staff.get(url(Alert, "change", opened.pk)).content.decode()

    assert "The integration is paused" in page
