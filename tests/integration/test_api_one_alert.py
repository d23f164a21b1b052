"""GET /api/alerts/{id}: every message, every decision, and nothing that staff keep for staff."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from alerts import decisions
from alerts.decisions import Line, Verdict
from alerts.standing import MOST_DECISIONS
from tests import factories
from tests.callers import as_staff, as_user
from tests.statements import counted_statements

pytestmark = pytest.mark.django_db
PATH = "/api/alerts"
MINUTE = timedelta(minutes=1)


def test_one_shows_every_message_and_every_decision() -> None:
    one = factories.alert(message="Gmail has failed.", told_at=datetime.now(UTC))
    desk = factories.destination(kind="slack", name="Night desk")
    factories.notification(alert=one, state="sent", sent_at=datetime.now(UTC))
    factories.notification(alert=one, event="escalated", destination=desk, state="dead")
    lines = [
        Line(one.pk, Verdict.OPENED, "Opened by the rule “VIP”: Gmail has failed."),
        Line(one.pk, Verdict.HELD_BACK, "Not sent: Silenced: They complain. Until now."),
    ]
    decisions.append(lines, at=datetime.now(UTC))

    mine = as_user(one.user).get(f"{PATH}/{one.pk}")
    staffs = as_staff(factories.user()).get(f"{PATH}/{one.pk}").json()

    assert [line["says"] for line in mine.json()["told"]] == [
        "You were told by e-mail.",
        "Support could not be told by Slack that it became worse.",
    ]
    assert [line["says"] for line in mine.json()["decisions"]] == [
        "Not sent: It is silenced.",
        "A rule opened it.",
    ]
    assert [line["by"] for line in mine.json()["decisions"]] == ["engine", "engine"]
    for secret in (b"Night desk", b"VIP", b"complain"):
        assert secret not in mine.content
    assert staffs["told"][1]["says"].startswith("“Night desk” could not be told")
    assert staffs["decisions"][0]["says"] == lines[1].reason


def test_what_was_sent_again_after_it_was_given_up_is_told() -> None:
    one = factories.alert(told_at=datetime.now(UTC))
    dead = factories.notification(alert=one, state="dead")
    again = factories.notification(
        alert=factories.alert(), replays=dead, state="sent", sent_at=datetime.now(UTC)
    )

    shown = as_user(one.user).get(f"{PATH}/{one.pk}").json()

    assert again.sent_at is not None
    assert shown["telling"]["says"] == "You were told by e-mail."


def test_an_all_clear_says_which_alert_it_ends_and_who_heard() -> None:
    now = datetime.now(UTC)
    over = factories.alert(told_at=now, resolved_at=now + MINUTE)
    factories.notification(alert=over, state="sent", sent_at=now)
    factories.notification(alert=over, event="recovered", state="sent", sent_at=now + MINUTE)
    clear = factories.alert(
        integration=over.integration,
        rule=over.rule,
        recovers=over,
        alert_type="recovered",
        severity="info",
        created_at=now + MINUTE,
        resolved_at=now + MINUTE,
    )

    shown = as_user(over.user).get(f"{PATH}/{clear.pk}").json()

    assert (shown["type"], shown["endsAlertId"]) == ("recovered", str(over.pk))
    assert [line["says"] for line in shown["told"]] == [
        "You were told by e-mail that it works again."
    ]


def test_decisions_are_bounded() -> None:
    one = factories.alert()
    lines = [Line(one.pk, Verdict.HELD_BACK, f"Not sent: {n}.") for n in range(MOST_DECISIONS + 5)]
    decisions.append(lines, at=datetime.now(UTC))

    with counted_statements() as sent:
        shown = as_user(one.user).get(f"{PATH}/{one.pk}").json()

    says = [line["says"] for line in shown["decisions"]]
    assert (len(says), says[0]) == (MOST_DECISIONS, f"Not sent: {MOST_DECISIONS + 4}.")
    assert len(sent) == 3


def test_a_foreign_a_deleted_and_an_unknown_alert_are_the_same_to_the_byte() -> None:
    foreign, deleted = factories.alert(), factories.alert()
    deleted_id = deleted.pk
    deleted.delete()
    client = as_user(factories.user())

    answers = [
        client.get(f"{PATH}/{pk}", headers={"X-Request-ID": "same"})
        for pk in (foreign.pk, deleted_id, uuid4())
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
