"""Say how providers and services do to people of whom nothing is known."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from integrations_health import names, time_words
from integrations_health.models import ProviderIncident
from integrations_health.public_states import State
from integrations_health.public_status import Board, Line

WORDS = {
    State.OPERATIONAL: "Operational",
    State.IMPAIRED: "Impaired",
    State.OUTAGE: "Outage",
    State.UNKNOWN: "Not known",
}
_HOW = {State.IMPAIRED: "is impaired", State.OUTAGE: "is failing for many"}


class Headline(NamedTuple):
    """The first sentence of the page, and what else is to say."""

    sentence: str
    more: list[str]


def headline(board: Board) -> Headline:
    """Return what the banner says: open incidents first, then what is failing without one."""
    said = [ongoing(one, now=board.as_of) for one in board.open]
    said += [f"{line_name(line)} {_HOW[line.state]}." for line in _failing(board)]
    if not said:
        return Headline(_calm(board), [])
    return Headline(said[0], said[1:])


def ongoing(incident: ProviderIncident, *, now: datetime) -> str:
    """Return the sentence about an incident that goes on."""
    since = time_words.since(incident.opened_at, now=now, zone=UTC)
    return f"{title(incident)} {since} UTC."


def title(incident: ProviderIncident) -> str:
    """Return the incident in short."""
    failing = "is failing" if incident.closed_at is None else "was failing"
    return f"{names.concerned(incident.provider, incident.service)} {failing}"


def state(incident: ProviderIncident) -> str:
    """Return in a word whether an incident goes on."""
    if incident.closed_at is None:
        return "Open"
    heir = incident.continued_by
    return "Over" if heir is None or heir.closed_at is not None else "Continued"


def continued_as(incident: ProviderIncident) -> str:
    """Return what an incident went on as; nothing where it did not."""
    return "" if incident.continued_by is None else title(incident.continued_by)


def lasted(incident: ProviderIncident, *, now: datetime) -> str:
    """Return how long an incident lasted, or has lasted until now."""
    return time_words.span((incident.closed_at or now) - incident.opened_at)


def line_name(line: Line) -> str:
    """Return what a line is about, away from its provider's card."""
    return names.concerned(line.provider, line.service)


def _calm(board: Board) -> str:
    states = {line.state for provider in board.providers for line in provider.told}
    if State.UNKNOWN not in states and states:
        return "Everything works."
    return (
        "All that we can see works." if states - {State.UNKNOWN} else "Nothing is known right now."
    )


def _failing(board: Board) -> Iterator[Line]:
    """Yield what fails without an incident: a provider's services unless all of it fails alike."""
    for provider in board.providers:
        whole = provider.whole
        if whole.state in _HOW and whole.incident is None:
            yield whole
            continue
        for line in provider.services:
            if line.state in _HOW and line.incident is None:
                yield line
