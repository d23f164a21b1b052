"""What happened to one alert, in the order of time: checks, decisions, messages, human acts."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from alerts import hiding
from alerts.models import (
    Alert,
    Decision,
    Destination,
    MaintenanceWindow,
    Notification,
    NotificationItem,
    Silence,
)
from integrations_health.models import HealthHistory
from integrations_health.outcomes import MEANINGS, Outcome

# Before the alert: what led to it. After it: whether it stayed well.
LEAD, TRAIL = timedelta(hours=2), timedelta(minutes=30)
MOST_CHECKS_BEFORE = 20
MOST_CHECKS = 200
MOST_OTHERS = 200
MOST_QUIETS = 2_000
# A deed and its line in the audit are written in one transaction, by two clocks.
SAME_DEED = timedelta(seconds=10)
ENGINE = "the engine"


class Kind(StrEnum):
    """What a line of the timeline tells of."""

    CHECK = "check"
    DECISION = "decision"
    MESSAGE = "message"
    ACT = "act"
    QUIET = "quiet"
    INCIDENT = "incident"


class Entry(NamedTuple):
    """One thing that happened: when, what, by whom and by which channel; `tone` is how bad."""

    at: datetime
    kind: Kind
    says: str
    actor: str = ""
    channel: str = ""
    tone: str = ""


class Timeline(NamedTuple):
    """What happened, the oldest first; `is_cut` when more checks were made than are shown."""

    entries: list[Entry]
    is_cut: bool


def read(alert: Alert, *, now: datetime) -> Timeline:
    """Return the timeline of an alert, which comes with its integration and incident.

    Eight queries, whatever happened.
    """
    starts_at, ends_at = alert.created_at - LEAD, (alert.resolved_at or now) + TRAIL
    checks, is_cut = _checks(alert, starts_at, ends_at)
    entries = chain(
        map(_check, checks),
        _decided(alert),
        _told(alert),
        _quiets(alert, ends_at),
        _incident(alert),
    )
    return Timeline(sorted(entries, key=lambda entry: entry.at), is_cut)


def _checks(
    alert: Alert, starts_at: datetime, ends_at: datetime
) -> tuple[Sequence[HealthHistory], bool]:
    rows = HealthHistory.objects.filter(
        integration_id=alert.integration_id, user_id=alert.user_id
    ).order_by("-checked_at", "-id")
    opened_at = alert.created_at
    before = rows.filter(checked_at__gte=starts_at, checked_at__lt=opened_at)[:MOST_CHECKS_BEFORE]
    since = rows.filter(checked_at__gte=opened_at, checked_at__lte=ends_at)[: MOST_CHECKS + 1]
    shown = list(since)
    return [*before, *shown[:MOST_CHECKS]], len(shown) > MOST_CHECKS


def _check(row: HealthHistory) -> Entry:
    took = "" if row.response_time_ms is None else f", after {row.response_time_ms:,} ms"
    said = _meaning(row.outcome)
    says = f"{row.outcome.replace('_', ' ')}{took}: {row.status}. {said}".strip()
    return Entry(row.checked_at, Kind.CHECK, says, tone=row.status)


def _meaning(outcome: str) -> str:
    try:
        return MEANINGS[Outcome(outcome)].sentence
    except ValueError:
        return ""


def _decided(alert: Alert) -> Iterator[Entry]:
    """Yield what the engine decided and what people did, once each."""
    lines = list(
        Decision.objects.filter(alert=alert)
        .select_related("actor")
        .order_by("at", "pk")[:MOST_OTHERS]
    )
    audited = list(
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(Alert), object_id=str(alert.pk)
        )
        .select_related("user")
        .order_by("action_time", "pk")[:MOST_OTHERS]
    )
    for line in lines:
        if line.actor is None:
            yield Entry(line.at, Kind.DECISION, line.reason, ENGINE, tone=line.verdict)
            continue
        deed = next((one for one in audited if _is_same(one, line)), None)
        if deed is not None:
            audited.remove(deed)
        says = f"{line.get_verdict_display().capitalize()}: {line.reason}"
        where = "by the API" if deed is None else "in the admin"
        yield Entry(line.at, Kind.ACT, says, line.actor.username, where, line.verdict)
    for deed in audited:
        says = deed.get_change_message() or "Changed."
        yield Entry(deed.action_time, Kind.ACT, says, deed.user.username, "in the admin")


def _is_same(deed: LogEntry, line: Decision) -> bool:
    return deed.user_id == line.actor_id and abs(deed.action_time - line.at) <= SAME_DEED


def _told(alert: Alert) -> Iterator[Entry]:
    """Yield what was told, and whether it arrived: to whom by name, never by address."""
    items = (
        NotificationItem.objects.filter(alert=alert)
        .select_related("notification__destination")
        .prefetch_related("notification__replayed_by")
        .defer(
            "notification__body",
            *(f"notification__destination__{secret}" for secret in Destination.SECRETS),
        )
        .order_by("created_at", "pk")[:MOST_OTHERS]
    )
    for item in items:
        first = item.notification
        to = "the owner" if first.destination is None else f"“{first.destination.name}”"
        news = f"{item.get_event_display().capitalize()}, to {to}"
        for message in (first, *first.replayed_by.all()):
            at = item.created_at if message is first else message.created_at
            yield Entry(at, Kind.MESSAGE, f"{news}: {_way(message)}", ENGINE, message.channel)
            if message.sent_at is not None:
                says = f"{news}: sent at the {_ordinal(message.attempts)} attempt."
                yield Entry(message.sent_at, Kind.MESSAGE, says, ENGINE, message.channel, "sent")


def _way(message: Notification) -> str:
    """Return how far a message has come since it was planned."""
    error = f" {message.last_error}" if message.last_error else ""
    match message.state:
        case Notification.State.SENT:
            return "planned."
        case Notification.State.DEAD:
            return f"given up after the {_ordinal(message.attempts)} attempt.{error}"
        case _ if message.attempts:
            again = f"the next is at {_clock(message.next_attempt_at)}"
            return f"the {_ordinal(message.attempts)} attempt failed, {again}.{error}"
        case _:
            digest = "in a digest, " if message.is_digest else ""
            return f"goes out {digest}at {_clock(message.next_attempt_at)}."


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _quiets(alert: Alert, ends_at: datetime) -> Iterator[Entry]:
    during = Q(starts_at__lte=ends_at) & (Q(ends_at=None) | Q(ends_at__gte=alert.created_at))
    # Silences of single alerts may be very many.
    silences = Silence.objects.filter(during, Q(alert=None) | Q(alert=alert))
    windows = MaintenanceWindow.objects.filter(during)
    for asked, called in ((silences, "Silenced"), (windows, "Maintenance")):
        rows: QuerySet[Any] = asked.select_related("author").order_by("-starts_at", "-pk")
        for row in hiding.about(alert, rows[:MOST_QUIETS])[:MOST_OTHERS]:
            until = "it is resolved" if row.ends_at is None else _clock(row.ends_at)
            who = "" if row.author is None else row.author.username
            says = f"{called} until {until}: {row.comment}"
            yield Entry(row.starts_at, Kind.QUIET, says, who, "in the admin")


def _incident(alert: Alert) -> Iterator[Entry]:
    incident = alert.incident
    if incident is None:
        return
    says = f"The incident of {incident} began."
    yield Entry(incident.opened_at, Kind.INCIDENT, says, ENGINE, tone="unhealthy")
    if incident.closed_at is not None:
        heir = incident.continued_by
        if heir is not None:
            says = f"It went on as the incident of {heir}."
            yield Entry(incident.closed_at, Kind.INCIDENT, says, ENGINE, tone="unhealthy")
        ended = incident if heir is None else heir
        if ended.closed_at is not None:
            says = f"The incident of {ended} ended."
            yield Entry(ended.closed_at, Kind.INCIDENT, says, ENGINE, tone="healthy")
