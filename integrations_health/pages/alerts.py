"""Lay out for pages what is told of alerts: who was told and when, or why not yet."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.utils.safestring import SafeString

from alerts import retelling, standing
from alerts.retelling import Reader, Standing, State, Telling
from alerts.standing import Wanted
from integrations_health import time_words
from integrations_health.access import Caller
from integrations_health.pages.moments import Moments

# What is open of one person: the API's largest page, by which the page hears of changes.
MOST = 200
_OPEN = Wanted(is_open=True)


class Summary(NamedTuple):
    """What a row says of its open alerts: how many, and what was told of the last one."""

    words: str
    severity: str
    told: SafeString


class Summaries(NamedTuple):
    """The open alerts of a person by integration; `mark` changes when anything of them does."""

    by_integration: dict[UUID, Summary]
    mark: str


def summaries(caller: Caller, *, moments: Moments) -> Summaries:
    """Return what the rows of a page say of open alerts. Two statements."""
    page = standing.page(caller, _OPEN, limit=MOST)
    reader = standing.reader(caller)
    by_integration: dict[UUID, list[Standing]] = {}
    for one in page.alerts:
        by_integration.setdefault(one.integration_id, []).append(one)
    return Summaries(
        {pk: _summary(alerts, reader, moments) for pk, alerts in by_integration.items()},
        standing.etag(page, reader),
    )


def section(caller: Caller, integration_id: UUID, *, moments: Moments) -> dict[str, Any]:
    """Return what the page of an integration says of its alerts. Four statements at most."""
    wanted = Wanted(is_open=True, integration_ids=[integration_id])
    page = standing.page(caller, wanted, limit=MOST)
    reader = standing.reader(caller)
    past = standing.past_of(caller, integration_id)
    return {
        "open_alerts": [_alert(one, reader, moments) for one in page.alerts],
        "can_acknowledge": any(one.acknowledged_at is None for one in page.alerts),
        "past_alerts": [_alert(one, reader, moments) for one in past],
        "alerts_mark": standing.etag(page, reader),
        "most_alerts": MOST,
    }


def _summary(alerts: Sequence[Standing], reader: Reader, moments: Moments) -> Summary:
    # What somebody was told last says more than that something else is held back.
    said = [line for one in alerts for line in retelling.lines(one, reader)]
    told = [(line.at, line) for line in said if line.state is State.TOLD and line.at is not None]
    shown = max(told, key=itemgetter(0))[1] if told else retelling.telling(alerts[0], reader)
    loudest = min(alerts, key=attrgetter("loudness"))
    words = "1 open alert" if len(alerts) == 1 else f"{len(alerts)} open alerts"
    return Summary(words, loudest.severity, _told(shown, moments))


def _alert(one: Standing, reader: Reader, moments: Moments) -> dict[str, Any]:
    ended_at = one.resolved_at or moments.now
    by = reader.who(one.acknowledged_by, one)
    return {
        "id": one.id,
        "severity": one.severity,
        "message": one.message,
        "since": moments.exactly(one.since),
        "resolved": moments.exactly(one.resolved_at),
        "lasted": time_words.span(ended_at - one.since),
        "is_flapping": one.is_flapping,
        "told": _all(retelling.lines(one, reader), moments),
        "next": retelling.outlook(one, reader),
        "acknowledged": None
        if one.acknowledged_at is None
        else moments.exactly(one.acknowledged_at),
        "acknowledged_by": "you" if by == "you" else "our support",
        "note": one.note if by == "you" else "",
    }


def _all(lines: Iterable[Telling], moments: Moments) -> list[SafeString]:
    return [_told(line, moments) for line in lines]


def _told(said: Telling, moments: Moments) -> SafeString:
    """Return one thing about who was told, with its time in the reader's zone."""
    at = "" if said.at is None else _when(said.at, moments)
    until = "" if said.until is None else f", until {moments.at(said.until)}"
    # The times are elements of ours; `format_html` would cost a long page a tenth of its time.
    return SafeString(f"{escape(said.says)}{at}{until}.")


def _when(at: datetime, moments: Moments) -> str:
    days = {instant.astimezone(moments.zone).date() for instant in (at, moments.now)}
    return f" at {moments.at(at)}" if len(days) == 1 else f" on {moments.exactly(at)}"
