"""What the page says on which somebody connects again: before, after, and when it did not work."""

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages

from integrations_health import advice, names, timezones, verdicts
from integrations_health.models import User
from integrations_health.pages.moments import Moments
from integrations_health.reauth_return import Ending
from integrations_health.reauth_rules import Call
from integrations_health.reconnection import Reconnection, Stage

NO_LINK = "{provider} gives no link right now, so nothing was begun. Try again in a minute."
TOO_OFTEN = (
    "You began this several times within minutes. Finish it in the window that is open, or begin "
    "anew in ten minutes."
)
ENDINGS: dict[Ending, tuple[int, str]] = {
    Ending.DECLINED: (
        messages.WARNING,
        "Nothing was changed: it was not allowed at {provider}. You can try again.",
    ),
    Ending.LATE: (
        messages.WARNING,
        "Nothing was changed: a way to {provider} and back is good for ten minutes. Try again.",
    ),
    Ending.USED: (messages.WARNING, "That way back was used before. Press the button once more."),
    Ending.DONE_BEFORE: (messages.INFO, "You had come back by that way already: it is done."),
    Ending.FOREIGN: (
        messages.ERROR,
        "Nothing was changed: what {provider} connected is not this person's, or is another "
        "service. Try again, and begin here.",
    ),
    Ending.DEAD: (
        messages.WARNING,
        "Nothing was changed: {provider} itself does not call the new connection active. "
        "Try again.",
    ),
    Ending.TAKEN: (
        messages.ERROR,
        "Nothing was changed: that connection is watched as another integration already. "
        "Remove that one first, or connect another account.",
    ),
}


class _Said(NamedTuple):
    """The headline of a stage, what it means, and how it looks."""

    title: str
    lead: str
    tone: str


_STAGES: dict[Stage, _Said] = {
    Stage.OFFERED: _Said(
        "Reconnect {name}",
        "You go to {provider}, sign in to {service} and allow the access. Then you come back here, "
        "and it is checked at once.",
        "unhealthy",
    ),
    Stage.ON_HOLD: _Said(
        "Wait with reconnecting {name}",
        "So many connections through {provider} fail at once that it is hardly yours. You need do "
        "nothing for now; we keep checking.",
        "incident",
    ),
    Stage.UNSUPPORTED: _Said(
        "{name} cannot be reconnected here",
        "It has no sign-in that we could lead you to. Open the app where you connected it, and "
        "connect it again there.",
        "unhealthy",
    ),
    Stage.CHECKING: _Said(
        "{name} is connected",
        "It is being checked now. The result appears here by itself, within a minute or so.",
        "unknown",
    ),
    Stage.BACK: _Said("You are back", "{name} works again.", "healthy"),
    Stage.STILL_WRONG: _Said(
        "{name} is connected, but does not work yet",
        "The new connection was checked:",
        "degraded",
    ),
    Stage.WORKS: _Said("{name} works", "There is nothing to reconnect.", "healthy"),
    Stage.PAUSED: _Said(
        "{name} is paused", "Nobody checks it, so nobody knows whether it works.", "paused"
    ),
    Stage.NO_USE: _Said(
        "Reconnecting {name} would not help", "Its permission is not what is wrong:", "degraded"
    ),
}
_EXPLAINED = {Stage.STILL_WRONG, Stage.NO_USE}
_GRIEF = {Stage.OFFERED, Stage.UNSUPPORTED, Stage.STILL_WRONG}


def said_of(
    found: Reconnection,
    person: User,
    *,
    is_late: bool = False,
    used_at: datetime | None = None,
    again: str = "",
) -> dict[str, Any]:
    """Return what the template shows.

    `is_late` and `used_at` are said of a link that is not good any more; `again` is where the
    provider, which did not answer, is asked once more.
    """
    health, stage = found.health, found.stage
    moments = Moments(now=found.now, zone=timezones.zone(person.timezone))
    called = {
        "name": found.name,
        "service": names.service(health.service),
        "provider": names.provider(health.provider),
    }
    said = _STAGES[stage]
    verdict = verdicts.explain(health)
    is_ended = is_late or used_at is not None
    return {
        **called,
        "id": health.integration_id,
        "version": health.state_version,
        "stage": stage.value,
        "tone": said.tone,
        "title": said.title.format(**called),
        "lead": said.lead.format(**called),
        "explained": f"{verdict.sentence} {verdict.fault}".strip() if stage in _EXPLAINED else "",
        "advice": _advice(found) if stage in _EXPLAINED else "",
        "why": health.error_message if stage in _GRIEF else "",
        "since": moments.at(health.status_since) if stage in _GRIEF and health.status_since else "",
        "can_begin": found.call is Call.OFFERED and not is_ended and not again,
        "is_late": is_late,
        "used_at": used_at and moments.exactly(used_at),
        "again": again,
        "is_asked": found.call is Call.OFFERED and is_ended,
    }


def _advice(found: Reconnection) -> str:
    if found.call is Call.OFFERED:
        return "You can reconnect it once more."
    is_owners = advice.cause(found.health.error_code) in advice.OWNERS
    return "" if is_owners else f"{advice.NOTHING_TO_DO} We keep checking."
