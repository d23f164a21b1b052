"""Say to the reader of an alert who was told of it, or why nobody is told yet.

What staff write for each other (names of rules and destinations, comments, notes) is for those who
see everybody's alerts. To its owner an alert says the same in words of ours.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from alerts.holding import MAINTENANCE, SILENCED, Reason
from alerts.rules import Severity

_BECAUSE = {
    Reason.RULE_DISABLED: "its rule is switched off",
    Reason.ACKNOWLEDGED: "somebody looks after it",
    Reason.INCIDENT: "it is part of an incident of its provider",
    Reason.MANY_AT_ONCE: "many connections failed at once, and it may be nobody's own",
    Reason.MAINTENANCE: "maintenance is going on",
    Reason.SILENCE: "it is silenced",
    Reason.NO_DESTINATION: "there is no address to send it to",
    Reason.COOLDOWN: "the same was told not long ago",
}
# What only who can mend it makes something of.
_FOR_STAFF = {
    Reason.NO_DESTINATION: "its rule has no destination that is on, or its owner no"
    " e-mail address or an account that is switched off",
}
_AFTERWARDS = {
    Reason.RULE_DISABLED: "It is sent when the rule is switched on.",
    Reason.ACKNOWLEDGED: "Nobody else is told.",
    Reason.INCIDENT: "If it is still so when the incident is over, it is sent.",
    Reason.MANY_AT_ONCE: "If it is still so when fewer fail, it is sent.",
    Reason.SILENCE: "If it is still so when the silence ends, it is sent.",
    Reason.NO_DESTINATION: "It is sent when there is one.",
}
_CHANNELS = {"email": "by e-mail", "webhook": "by webhook", "slack": "by Slack"}
_NEWS = {
    "escalated": " that it became worse",
    "recovered": " that it works again",
    "asked": " to reconnect it",
}
_NAMED = re.compile(r" “.*”", re.DOTALL)
_COMMENTED = re.compile(
    rf"(?P<what>{SILENCED}|{MAINTENANCE}).*?(?P<until> Until [-\d]+ [:\d]+ UTC\.)?\Z", re.DOTALL
)


class State(StrEnum):
    """How far the news of an alert has come."""

    TOLD = "told"
    PLANNED = "planned"
    FAILED = "failed"
    HELD_BACK = "held_back"
    NOBODY = "nobody"


class Message(NamedTuple):
    """What one recipient is told of an alert; `due_at` is when it goes out, or goes out again."""

    event: str
    channel: str
    is_to_owner: bool
    destination: str
    state: str
    sent_at: datetime | None
    due_at: datetime | None


class Standing(NamedTuple):
    """An alert, what it is about, and who was told of it."""

    id: UUID
    integration_id: UUID
    user_id: UUID
    service: str
    provider: str
    alert_type: str
    severity: str
    message: str
    error_code: str
    is_flapping: bool
    since: datetime
    opened_at: datetime
    resolved_at: datetime | None
    told_at: datetime | None
    sent_at: datetime | None
    held_back: str
    held_until: datetime | None
    escalated_at: datetime | None
    escalation_told_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    note: str
    recovers_id: UUID | None
    incident_id: UUID | None
    messages: tuple[Message, ...] = ()

    @property
    def is_open(self) -> bool:
        """Say whether it goes on."""
        return self.resolved_at is None

    @property
    def loudness(self) -> int:
        """Return where it stands when the loudest come first."""
        return list(Severity).index(Severity(self.severity))


class Reader(NamedTuple):
    """Who reads: staff and back ends see everybody's alerts, anybody else their own."""

    user_id: UUID | None
    sees_everybody: bool

    def owns(self, alert: Standing) -> bool:
        """Say whether it is the reader's own."""
        return not self.sees_everybody or alert.user_id == self.user_id

    def who(self, person: UUID | None, alert: Standing) -> str:
        """Return what a person is to the reader: `you`, `owner` or `support`, and never a name."""
        if person is not None and person == alert.user_id:
            return "you" if self.owns(alert) else "owner"
        return "you" if person is not None and person == self.user_id else "support"


class Telling(NamedTuple):
    """One thing about who was told, without its full stop: at an instant, or until one."""

    state: State
    says: str
    at: datetime | None = None
    until: datetime | None = None


def telling(alert: Standing, reader: Reader) -> Telling:
    """Return the last thing to be said of who was told."""
    return lines(alert, reader)[-1]


def lines(alert: Standing, reader: Reader) -> list[Telling]:
    """Return everything to be said of who was told, in its order: one line at least."""
    said = [_message(one, alert, reader) for one in alert.messages]
    said += _held(alert, reader)
    return said or [Telling(State.NOBODY, "Nobody was told")]


def outlook(alert: Standing, reader: Reader) -> str:
    """Return what happens next with the news of an alert; "" of one that is over."""
    if not alert.is_open:
        return ""
    last = telling(alert, reader)
    if last.state is State.NOBODY and alert.told_at is None:
        return "It is looked at again within half a minute."
    if last.state is State.HELD_BACK:
        if last.until is not None:
            return "If it is still so then, it is sent."
        if alert.told_at is None:
            return _AFTERWARDS.get(_reason(alert) or Reason.COOLDOWN, "")
    return "Whoever was told hears when it works again."


def decision(verdict: str, reason: str, *, by: UUID | None, alert: Standing, to: Reader) -> str:
    """Return why something was decided, as the reader may know it."""
    if to.sees_everybody:
        return reason
    match verdict:
        case "opened":
            return "A rule opened it."
        case "told":
            return _NAMED.sub(" support", reason)
        case "held_back":
            return _NAMED.sub("", _COMMENTED.sub(_uncommented, reason))
        case "acknowledged" if to.who(by, alert) != "you":
            return "Somebody looks after it."
        case _:
            return reason


def _uncommented(found: re.Match[str]) -> str:
    what = "Maintenance is going on." if found["what"] == MAINTENANCE else "It is silenced."
    return what + (found["until"] or "")


def _message(message: Message, alert: Standing, reader: Reader) -> Telling:
    whom = _whom(message, alert, reader)
    how = f"{_CHANNELS.get(message.channel, '')}{_NEWS.get(message.event, '')}"
    if message.sent_at is not None:
        were = "were" if whom == "you" else "was"
        return Telling(State.TOLD, f"{_capital(whom)} {were} told {how}", at=message.sent_at)
    if message.state == "dead":
        return Telling(State.FAILED, f"{_capital(whom)} could not be told {how}")
    return Telling(State.PLANNED, f"{_capital(whom)} will be told {how}", at=message.due_at)


def _whom(message: Message, alert: Standing, reader: Reader) -> str:
    if message.is_to_owner:
        return "you" if reader.owns(alert) else "the owner"
    return f"“{message.destination}”" if reader.sees_everybody else "support"


def _held(alert: Standing, reader: Reader) -> Iterator[Telling]:
    is_worse = alert.escalated_at is not None and alert.escalation_told_at is None
    if not alert.is_open or (alert.told_at is not None and not is_worse):
        return
    reason = _reason(alert)
    if reason is None:
        return
    because = _BECAUSE[reason]
    if reader.sees_everybody:
        because = _FOR_STAFF.get(reason, because)
    if alert.acknowledged_at and reader.who(alert.acknowledged_by, alert) == "you":
        because = "you look after it"
    what = "Not sent" if alert.told_at is None else "That it became worse is not sent"
    until = None if alert.acknowledged_at else alert.held_until
    yield Telling(State.HELD_BACK, f"{what}, because {because}", until=until)


def _reason(alert: Standing) -> Reason | None:
    # At once, not from the engine's next look on.
    if alert.acknowledged_at is not None:
        return Reason.ACKNOWLEDGED
    # Nor does that hold it back any longer once nobody looks after it.
    is_past = alert.held_back in ("", Reason.ACKNOWLEDGED)
    return None if is_past else Reason(alert.held_back)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
