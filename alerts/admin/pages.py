"""What the pages of alerts show, ready for their templates."""

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin.views.main import ChangeList
from django.db.models import Count

from alerts import causes, hiding, outlook, retelling, standing, timeline
from alerts.admin.filters import StateFilter
from alerts.causes import Group
from alerts.holding import Quiet, Reason
from alerts.models import Alert
from alerts.retelling import Reader, Standing
from integrations_health import names, time_words
from integrations_health.models import HealthCheck

FIRST = 20


class Clock(NamedTuple):
    """Says instants in the reader's time zone."""

    now: datetime
    zone: tzinfo

    def at(self, instant: datetime | None) -> "Instant | None":
        """Return an instant in words, None as it is."""
        if instant is None:
            return None
        return Instant(
            time_words.at(instant, now=self.now, zone=self.zone), time_words.utc(instant), instant
        )


class Instant(NamedTuple):
    """An instant in short words, exactly, and for machines."""

    words: str
    exactly: str
    at: datetime


class Held(NamedTuple):
    """Why nobody is told, of how many alerts where these are many, and until when."""

    reason: str
    alerts: int
    until: Instant | None


class GroupRow(NamedTuple):
    """One cause in the list, and where its alerts are."""

    group: Group
    since: Instant | None
    held_back: list[Held]
    href: str


class AlertRow(NamedTuple):
    """One alert in the list."""

    alert: Alert
    via: str
    since: Instant | None
    acknowledged: Instant | None
    resolved: Instant | None
    held_back: Held | None


class Line(NamedTuple):
    """One line of the timeline."""

    entry: timeline.Entry
    at: Instant | None


def listed(shown: ChangeList, *, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """Return what the list shows: the causes of open alerts, then the alerts."""
    clock = Clock(now, zone)
    is_open = all(one.shows_open_ones for one in shown.filter_specs if isinstance(one, StateFilter))
    overview = causes.by_cause(shown.queryset) if is_open else None
    groups = [] if overview is None else _groups(overview.groups, shown, clock)
    return {
        "overview": overview,
        "groups": groups,
        "rows": rows(list(shown.result_list), clock),
        "shown_at": now.isoformat(),
        "query": shown.get_query_string({"p": None})[1:],
    }


def rows(alerts: Sequence[Alert], clock: Clock) -> list[AlertRow]:
    """Return alerts, which come with their integrations, as rows of a list. Three queries."""
    quiets = hiding.over(alerts, now=clock.now)
    return [_row(alert, quiets.get(alert.pk), clock) for alert in alerts]


def one(alert: Alert, reader: Reader, *, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """Return what the page of one alert shows."""
    clock = Clock(now, zone)
    health = HealthCheck.objects.get(integration_id=alert.integration_id)
    stands = standing.of(alert)
    told = [] if stands is None else retelling.lines(stands, reader)
    found = timeline.read(alert, now=now)
    (row,) = rows([alert], clock)
    return {
        "row": row,
        "cause": causes.explain(alert.error_code),
        "whose_fault": outlook.whose_fault(alert.error_code),
        "next_steps": _next_steps(stands, reader, health, now=now),
        "status": health.status,
        "opened": clock.at(alert.created_at),
        "lasted": time_words.span((alert.resolved_at or now) - alert.since),
        "told": [(line.says, clock.at(line.at), clock.at(line.until)) for line in told],
        "timeline": [Line(entry, clock.at(entry.at)) for entry in found.entries],
        "is_cut": found.is_cut,
        "shown_at": now.isoformat(),
        "silence_this": urlencode({"alert": alert.pk}),
        "silence_cause": urlencode(
            {
                "provider": alert.integration.provider,
                "service": alert.integration.service,
                "error_code": alert.error_code,
            }
        ),
    }


def _next_steps(
    stands: Standing | None, reader: Reader, health: HealthCheck, *, now: datetime
) -> list[str]:
    if stands is None or not stands.is_open:
        return ["Nothing: it is over."]
    steps = [outlook.next_check(health, now=now), retelling.outlook(stands, reader)]
    if stands.is_flapping:
        steps.append("It fails and recovers again and again: it stays open until that ends.")
    return steps


def confirmation(ids: Collection[UUID], *, now: datetime, zone: tzinfo) -> dict[str, Any]:
    """Return what is shown before something is done to many: how many, whose, and the first."""
    alerts = Alert.objects.filter(pk__in=ids)
    counted = alerts.order_by().aggregate(alerts=Count("pk"), users=Count("user", distinct=True))
    ordered = hiding.shown(alerts).order_by("severity", "-created_at", "pk")
    return {**counted, "rows": rows(list(ordered[:FIRST]), Clock(now, zone)), "first": FIRST}


def _groups(groups: Sequence[Group], shown: ChangeList, clock: Clock) -> list[GroupRow]:
    quiets = hiding.over_causes([group.cause for group in groups], now=clock.now)
    alone = hiding.alone(shown.queryset, now=clock.now) if groups else {}
    return [
        GroupRow(
            group,
            clock.at(group.since),
            _held(group, quiets.get(group.cause), alone.get(group.cause, (0, None)), clock),
            shown.get_query_string({"cause": group.key, "p": None}),
        )
        for group in groups
    ]


def _held(
    group: Group, quiet: Quiet | None, alone: tuple[int, datetime | None], clock: Clock
) -> list[Held]:
    """Return why how many of a cause are held back, or will be from the next look on."""
    held = {one.reason: Held(*one[:2], clock.at(one.until)) for one in group.held_back}
    silence = Reason.SILENCE.value
    count, until = alone
    if count and count >= (held[silence].alerts if silence in held else 0):
        held[silence] = Held(silence, count, clock.at(until))
    if quiet is not None:
        word = outlook.quiet_word(quiet)
        held[word] = Held(word, group.alerts, clock.at(quiet.ends_at))
    return sorted(held.values(), key=lambda one: -one.alerts)


def _row(alert: Alert, quiet: Quiet | None, clock: Clock) -> AlertRow:
    reason, until = outlook.held_back(alert, quiet)
    watched = alert.integration
    return AlertRow(
        alert,
        f"{names.service(watched.service)} via {names.provider(watched.provider)}",
        clock.at(alert.since),
        clock.at(alert.acknowledged_at),
        clock.at(alert.resolved_at),
        Held(reason, 1, clock.at(until)) if reason else None,
    )
