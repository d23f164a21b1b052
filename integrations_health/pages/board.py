"""Lay out the groups, rows and incidents of the status page for its template."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from integrations_health import advice, names, public_words, shapes, time_words
from integrations_health.models import ProviderIncident
from integrations_health.overview import Row
from integrations_health.pages import bar_svg
from integrations_health.pages.alerts import Summary
from integrations_health.pages.choices import Group
from integrations_health.pages.moments import Moments
from integrations_health.reauth_rules import Call

_ANY = "00000000-0000-0000-0000-000000000000"
_DRAWN_SERVICES = frozenset({"gmail", "calendar", "slack", "notion"})
NOTHING = "\N{EN DASH}"
_MOST_RECONNECTS = 3
_WORDS = {
    "unhealthy": "Unhealthy",
    "degraded": "Degraded",
    "unknown": "Unknown",
    "healthy": "Healthy",
    "new": "New",
    "paused": "Paused",
}


class Line(NamedTuple):
    """A row with everything that is said of it."""

    row: Row
    state: str
    word: str
    icon: str
    via: str
    bar: SafeString
    uptime: str
    p95: str
    last_check: SafeString
    next_check: SafeString
    since: SafeString
    reason: str
    advice: str
    address: str  # of its own page; "" where there is none
    reconnect: str  # where its owner connects it again; "" where nobody is asked to
    check: str  # where "Check now" is sent
    free_at: str  # until then it may not be checked by hand; "" when it may
    alerts: Summary | None  # what is open, if anything


def section(
    group: Group, *, labels: Sequence[str], moments: Moments, alerts: Mapping[UUID, Summary]
) -> dict[str, Any]:
    """Return a group as its card shows it."""
    states = Counter(_state(row) for row in group.rows)
    counts = ", ".join(f"{states[state]} {state}" for state in _WORDS if states[state])
    worst = _state(group.worst)
    return {
        "key": group.key,
        "name": group.name,
        "state": worst,
        "word": _WORDS[worst],
        "counts": counts,
        "failing": group.failing,
        "lines": [
            _line(row, labels=labels, moments=moments, alerts=alerts.get(row.id))
            for row in group.rows
        ],
    }


def incident(one: ProviderIncident, *, moments: Moments) -> dict[str, Any]:
    """Return an incident as the timeline shows it."""
    ended_at = one.closed_at or moments.now
    return {
        "is_open": one.closed_at is None,
        "continued_as": public_words.continued_as(one),
        "state": public_words.state(one),
        "what": names.concerned(one.provider, one.service),
        "opened": moments.exactly(one.opened_at),
        "closed": moments.exactly(one.closed_at),
        "lasted": time_words.span(ended_at - one.opened_at),
    }


def milliseconds(value: int | None) -> str:
    """Return a response time as people read it: `212 ms`, `6.1 s`; a dash for none."""
    if value is None:
        return NOTHING
    return f"{value} ms" if value < 1000 else f"{value / 1000:.1f} s"


def reconnects(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return where what only its owner can mend is connected again, with its name; a few of it."""
    offered = [row for row in rows if row.reauth is Call.OFFERED]
    return [(row.name, _address("reconnect", row)) for row in offered[:_MOST_RECONNECTS]]


def _line(row: Row, *, labels: Sequence[str], moments: Moments, alerts: Summary | None) -> Line:
    state = _state(row)
    return Line(
        row=row,
        state=state,
        word=_WORDS[state],
        icon=row.service if row.service in _DRAWN_SERVICES else "service",
        via=_via(row),
        bar=bar_svg.draw(row.bar, labels=labels, name=row.name),
        uptime=NOTHING if row.bar.uptime is None else f"{row.bar.uptime:g} %",
        p95=milliseconds(row.p95_ms),
        last_check=moments.relative(row.last_check_at),
        next_check=moments.relative(row.next_check_at),
        since=moments.at(row.since),
        reason=_reason(row),
        advice=advice.of(row),
        address=_address("integration", row),
        reconnect=_address("reconnect", row) if row.reauth is Call.OFFERED else "",
        check=_address("check-now", row),
        free_at=_free_at(row, moments),
        alerts=alerts,
    )


def _address(page: str, row: Row) -> str:
    """Return the address of a page about one integration.

    Reversed once and filled in: `reverse` would cost a page of 200 rows a tenth of its time.
    """
    return _pattern(page).replace(_ANY, str(row.id))


@cache
def _pattern(page: str) -> str:
    try:
        return reverse(page, args=[_ANY])
    except NoReverseMatch:
        return ""


def _free_at(row: Row, moments: Moments) -> str:
    if row.manual_at is None:
        return ""
    free_at = row.manual_at + settings.MANUAL_CHECK_EVERY
    return shapes.instant(free_at) or "" if free_at > moments.now else ""


def _state(row: Row) -> str:
    if row.is_paused:
        return "paused"
    return "new" if row.is_new else row.status


def _via(row: Row) -> str:
    service = names.service(row.service)
    through = f"through {names.provider(row.provider)}"
    return through if row.name == service else f"{service} {through}"


def _reason(row: Row) -> str:
    if row.is_paused:
        return ""
    if row.reauth is Call.ON_HOLD:
        return "The connection was lost."
    if row.incident is not None and not row.needs_its_user:
        who = names.concerned(row.incident.provider, row.incident.service)
        return f"{who} is failing for everyone."
    return row.error_message
