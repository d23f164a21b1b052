"""The list of alerts opens on what is open, by its cause, and costs the same for any number."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from alerts import silences
from alerts.causes import Cause
from alerts.models import Alert
from tests import factories
from tests.admin_pages import url
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db

LIST = url(Alert, "changelist")
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 }}\u202egpj"


def groups(answer: Any) -> list[Any]:
    return [row.group for row in answer.context["groups"]]


def of(service: str, code: str, **fields: Any) -> Alert:
    watched = factories.integration(service=service, **fields.pop("integration", {}))
    return factories.alert(integration=watched, error_code=code, **fields)


def test_open_alerts_are_grouped_by_cause_the_worst_first(staff: Client) -> None:
    now = timezone.now()
    of("slack", "timeout", severity="warning", created_at=now - timedelta(hours=5))
    of("gmail", "timeout", created_at=now - timedelta(hours=1))
    for hours in (2, 3):
        of("gmail", "auth_expired", created_at=now - timedelta(hours=hours))
    of("gmail", "auth_expired", severity="warning")
    of("gmail", "auth_expired", resolved_at=now + timedelta(hours=1))

    found = groups(staff.get(LIST))

    assert [(group.cause, group.severity, group.alerts, group.users) for group in found] == [
        (Cause("composio", "gmail", "auth_expired"), "critical", 3, 3),
        (Cause("composio", "gmail", "timeout"), "critical", 1, 1),
        (Cause("composio", "slack", "timeout"), "warning", 1, 1),
    ]
    assert found[0].since == now - timedelta(hours=3)
    assert found[0].critical == 2


def test_users_are_counted_once_however_many_alerts_they_have(staff: Client) -> None:
    somebody = factories.user()
    for _ in range(2):
        of("gmail", "timeout", integration={"user": somebody})

    (group,) = groups(staff.get(LIST))

    assert (group.users, group.alerts) == (1, 2)


def test_a_group_says_who_looks_after_it_and_why_it_is_held_back(staff: Client) -> None:
    now = timezone.now()
    nora = factories.staff(username="nora")
    known = {"acknowledged_by": nora, "acknowledged_at": now + timedelta(minutes=1)}
    of("gmail", "timeout", **known)
    of("gmail", "timeout", held_back="incident")
    of("gmail", "timeout", held_back="silence", held_until=now + timedelta(hours=1))
    of("gmail", "timeout", held_back="silence", held_until=now + timedelta(hours=2))

    answer = staff.get(LIST)

    (group,) = groups(answer)
    assert [(person.name, person.alerts) for person in group.acknowledged_by] == [("nora", 1)]
    assert group.unacknowledged == 3
    assert [(held.reason, held.alerts, held.until) for held in group.held_back] == [
        ("silence", 2, now + timedelta(hours=2)),
        ("incident", 1, None),
    ]
    assert "nora (1 of 4)" in answer.content.decode()


def held(answer: Any) -> list[tuple[str, int, bool]]:
    (row,) = answer.context["groups"]
    return [(one.reason, one.alerts, one.until is not None) for one in row.held_back]


def test_a_group_says_at_once_that_it_was_silenced(staff: Client) -> None:
    for number in range(3):
        of("gmail", "timeout", told_at=timezone.now(), held_back="incident" * (number == 0))
    now = timezone.now()
    on = {"starts_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=1)}
    factories.silence(service="slack", **on)
    factories.silence(service="gmail", user=factories.user(), **on)
    factories.silence(service="gmail", rule=factories.rule(), **on)
    before = held(staff.get(LIST))

    factories.maintenance(service="gmail", **on)

    assert before == [("incident", 1, False)]
    assert held(staff.get(LIST)) == [("maintenance", 3, True), ("incident", 1, False)]


def test_a_group_counts_alerts_with_a_silence_of_their_own(staff: Client) -> None:
    alerts = [of("gmail", "timeout", told_at=timezone.now()) for _ in range(3)]
    silences.of_alerts([one.pk for one in alerts[:2]], by=factories.staff(), lasting=None)

    assert held(staff.get(LIST)) == [("silence", 2, False)]


def test_a_group_opens_to_its_alerts_and_keeps_the_filters(staff: Client) -> None:
    wanted = of("gmail", "timeout")
    of("gmail", "auth_expired")
    of("gmail", "timeout", severity="warning")

    shown = staff.get(LIST, {"severity": "critical", "provider": "composio"})
    href = next(row.href for row in shown.context["groups"] if row.group.cause[2] == "timeout")
    opened = staff.get(LIST + href)

    assert list(opened.context["cl"].result_list) == [wanted]
    assert parse_qs(urlsplit(href).query) == {
        "severity": ["critical"],
        "provider": ["composio"],
        "cause": ["composio/gmail/timeout"],
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"gmail", "slack", "known"}),
        ("service=gmail", {"gmail"}),
        ("service=notion", set()),
        ("provider=klavis", {"slack"}),
        ("severity=warning", {"slack"}),
        ("state=open", {"gmail", "slack"}),
        ("state=acknowledged", {"known"}),
        ("state=resolved", {"over"}),
        ("state=all", {"gmail", "slack", "known", "over"}),
        ("cause=composio/gmail/timeout", {"gmail"}),
        ("cause=nonsense", set()),
        ("q=ann", {"gmail"}),
        ("q=app-bob", {"slack"}),
        ("q=nobody", set()),
        ("service=gmail&q=app-bob", set()),
    ],
)
def test_filters_live_in_the_address(staff: Client, query: str, expected: set[str]) -> None:
    now = timezone.now() + timedelta(minutes=1)
    ann, bob = factories.user(username="anna"), factories.user(external_id="app-bob")
    of("gmail", "timeout", message="gmail", integration={"user": ann})
    of(
        "slack",
        "server_error",
        message="slack",
        severity="warning",
        integration={"provider": "klavis", "user": bob},
    )
    of("calendar", "timeout", message="known", acknowledged_at=now)
    of("calendar", "timeout", message="over", resolved_at=now)

    answer = staff.get(f"{LIST}?{query}")

    assert {alert.message for alert in answer.context["cl"].result_list} == expected
    # What is over has no cause to act on.
    is_of_the_past = query in {"state=resolved", "state=all"}
    counted = sum(group.alerts for group in groups(answer))
    assert counted == (0 if is_of_the_past else len(expected))


def test_a_silence_shows_in_the_list_before_the_engine_looks_again(staff: Client) -> None:
    alert = of("gmail", "timeout", told_at=timezone.now())
    factories.silence(service="", alert=alert, ends_at=None)

    (row,) = staff.get(LIST).context["rows"]

    assert row.held_back.reason == "silence"


def test_the_list_costs_the_same_for_any_number(staff: Client) -> None:
    costs = []
    for _ in range(2):
        for number in range(20):
            of(("gmail", "slack")[number % 2], ("timeout", "auth_expired")[number % 3 % 2])
        with counted_statements() as sent:
            staff.get(LIST)
        costs.append(len(sent))

    assert costs[0] == costs[1]


def test_what_comes_from_outside_is_text(staff: Client) -> None:
    nora = factories.staff(username="nora")
    alert = factories.alert(
        integration=factories.integration(display_name=NASTY, service="<b>s"),
        message=NASTY,
        error_code="<i>code",
        acknowledged_by=nora,
        acknowledged_at=timezone.now() + timedelta(seconds=1),
        acknowledgement_note=NASTY,
    )

    pages = [staff.get(LIST), staff.get(url(Alert, "change", alert.pk))]

    for page in pages:
        text = page.content.decode()
        assert not any(tag in text for tag in ("<script>alert", "<img src=x", "<b>s", "<i>code"))
        assert "&lt;script&gt;alert(1)" in text


def test_nothing_open_says_so(staff: Client) -> None:
    assert "No alert is open." in staff.get(LIST).content.decode()
    filtered = staff.get(LIST, {"service": "gmail"}).content.decode()
    assert "Nothing here under these filters." in filtered
