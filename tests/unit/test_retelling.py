"""What the reader of an alert is told of who was told, and what of it is for staff alone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from alerts import retelling
from alerts.retelling import Message, Reader, Standing, State

OWNER, SOMEBODY, STRANGER = (UUID(int=number) for number in (1, 2, 3))
NOW = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
AS_OWNER = Reader(OWNER, sees_everybody=False)
AS_STAFF = Reader(SOMEBODY, sees_everybody=True)


def alert(*messages: Message, **fields: Any) -> Standing:
    """Return an open alert of which nobody was told yet."""
    blank: dict[str, Any] = dict.fromkeys(Standing._fields) | {
        "id": UUID(int=9),
        "user_id": OWNER,
        "severity": "critical",
        "held_back": "",
        "opened_at": NOW,
        "note": "",
        "messages": messages,
    }
    if messages:
        blank["told_at"] = NOW
    return Standing(**blank | fields)


def message(**fields: Any) -> Message:
    """Return the e-mail to the owner that it opened, sent."""
    sent: dict[str, Any] = {
        "event": "opened",
        "channel": "email",
        "is_to_owner": True,
        "destination": "",
        "state": "sent",
        "sent_at": NOW,
        "due_at": NOW,
    }
    return Message(**sent | fields)


def said(one: Standing, reader: Reader = AS_OWNER) -> list[str]:
    return [line.says for line in retelling.lines(one, reader)]


@pytest.mark.parametrize(
    ("told", "to_owner", "to_staff"),
    [
        (message(), "You were told by e-mail", "The owner was told by e-mail"),
        (
            message(event="escalated"),
            "You were told by e-mail that it became worse",
            "The owner was told by e-mail that it became worse",
        ),
        (
            message(event="recovered", channel="slack", is_to_owner=False, destination="Desk 3"),
            "Support was told by Slack that it works again",
            "“Desk 3” was told by Slack that it works again",
        ),
        (
            message(state="pending", sent_at=None),
            "You will be told by e-mail",
            "The owner will be told by e-mail",
        ),
        (
            message(state="dead", sent_at=None, channel="webhook", is_to_owner=False),
            "Support could not be told by webhook",
            "“” could not be told by webhook",
        ),
    ],
)
def test_a_message_is_told_to_each_reader_in_their_words(
    told: Message, to_owner: str, to_staff: str
) -> None:
    assert said(alert(told)) == [to_owner]
    assert said(alert(told), AS_STAFF) == [to_staff]


@pytest.mark.parametrize(
    ("reason", "because"),
    [
        ("cooldown", "the same was told not long ago"),
        ("silence", "it is silenced"),
        ("maintenance", "maintenance is going on"),
        ("incident", "it is part of an incident of its provider"),
        ("rule_disabled", "its rule is switched off"),
        ("no_destination", "there is no address to send it to"),
    ],
)
def test_what_is_held_back_says_why(reason: str, because: str) -> None:
    (line,) = retelling.lines(alert(held_back=reason, held_until=LATER), AS_OWNER)

    assert line == (State.HELD_BACK, f"Not sent, because {because}", None, LATER)


def test_that_it_became_worse_is_said_beside_what_was_told() -> None:
    worse = alert(message(), escalated_at=NOW, held_back="silence")

    assert said(worse) == [
        "You were told by e-mail",
        "That it became worse is not sent, because it is silenced",
    ]


def test_who_looks_after_it_holds_it_back_before_the_engine_looks_again() -> None:
    held = {"held_back": "cooldown", "held_until": LATER, "acknowledged_at": NOW}

    (mine,) = retelling.lines(alert(**held, acknowledged_by=OWNER), AS_OWNER)
    (theirs,) = retelling.lines(alert(**held, acknowledged_by=SOMEBODY), AS_OWNER)

    assert (mine.says, mine.until) == ("Not sent, because you look after it", None)
    assert theirs.says == "Not sent, because somebody looks after it"


def test_what_was_taken_back_holds_back_no_more_before_the_engine_looks_again() -> None:
    one = alert(held_back="acknowledged")

    assert said(one) == ["Nobody was told"]
    assert retelling.outlook(one, AS_OWNER) == "It is looked at again within half a minute."


def test_staff_read_what_they_can_mend() -> None:
    assert said(alert(held_back="no_destination"), AS_STAFF) == [
        "Not sent, because its rule has no destination that is on, or its owner no"
        " e-mail address or an account that is switched off"
    ]


def test_of_an_alert_that_ended_untold_nobody_was_told() -> None:
    assert said(alert(held_back="cooldown", resolved_at=LATER)) == ["Nobody was told"]


@pytest.mark.parametrize(
    ("one", "then"),
    [
        (alert(message()), "Whoever was told hears when it works again."),
        (alert(held_back="cooldown", held_until=LATER), "If it is still so then, it is sent."),
        (alert(held_back="silence"), "If it is still so when the silence ends, it is sent."),
        (alert(acknowledged_at=NOW, acknowledged_by=OWNER), "Nobody else is told."),
        (alert(message(), resolved_at=LATER), ""),
    ],
)
def test_what_happens_next_is_said(one: Standing, then: str) -> None:
    assert retelling.outlook(one, AS_OWNER) == then


@pytest.mark.parametrize(
    ("person", "to_owner", "to_staff"),
    [
        (OWNER, "you", "owner"),
        (SOMEBODY, "support", "you"),
        (STRANGER, "support", "support"),
        (None, "support", "support"),
    ],
)
def test_nobody_is_named(person: UUID | None, to_owner: str, to_staff: str) -> None:
    assert AS_OWNER.who(person, alert()) == to_owner
    assert AS_STAFF.who(person, alert()) == to_staff


def test_a_back_end_is_nobody() -> None:
    back_end = Reader(None, sees_everybody=True)

    assert back_end.who(None, alert()) == "support"
    assert back_end.who(OWNER, alert()) == "owner"


@pytest.mark.parametrize(
    ("verdict", "reason", "to_owner"),
    [
        ("opened", "Opened by the rule “VIP”: Gmail has failed.", "A rule opened it."),
        ("told", "Tells “Night desk” that it opened.", "Tells support that it opened."),
        ("told", "Tells the owner by e-mail that it opened.", None),
        (
            "held_back",
            "Not sent: Silenced: They complain\nall day. Until 2026-11-24 15:02 UTC.",
            "Not sent: It is silenced. Until 2026-11-24 15:02 UTC.",
        ),
        (
            "held_back",
            "Not sent: Maintenance: “We” move.",
            "Not sent: Maintenance is going on.",
        ),
        (
            "held_back",
            "That it became worse is not sent: The destination “Ops” is switched off.",
            "That it became worse is not sent: The destination is switched off.",
        ),
        (
            "held_back",
            "Not sent: The same was told not long ago. Until 2026-11-24 15:02 UTC.",
            None,
        ),
        ("resolved", "It works again. Whoever was told of it hears so.", None),
    ],
)
def test_an_owner_reads_no_name_and_no_comment_of_staff(
    verdict: str, reason: str, to_owner: str | None
) -> None:
    def read(reader: Reader) -> str:
        return retelling.decision(verdict, reason, by=None, alert=alert(), to=reader)

    assert read(AS_OWNER) == (to_owner or reason)
    assert read(AS_STAFF) == reason


def test_a_note_is_for_who_wrote_it() -> None:
    def read(by: UUID, reader: Reader) -> str:
        one = alert(acknowledged_at=NOW, acknowledged_by=by)
        return retelling.decision("acknowledged", "Ask Kim.", by=by, alert=one, to=reader)

    assert read(OWNER, AS_OWNER) == "Ask Kim."
    assert read(SOMEBODY, AS_OWNER) == "Somebody looks after it."
    assert read(OWNER, AS_STAFF) == "Ask Kim."
