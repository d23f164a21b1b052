"""What anybody may know: how providers and their services do, in numbers that are nobody's.

What fewer than LEAST_USERS people use is not told, neither now nor of a day: a number about one
person is that person's. How many use what is the operator's business, and is not told either;
shares without counts also keep a hidden service from being reckoned out of its provider's total.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Q

from integrations_health import names, population, provider_days, windows
from integrations_health.bars import Bar, Tone, percent
from integrations_health.models import ProviderDay, ProviderIncident
from integrations_health.overlay import OpenIncidents
from integrations_health.population import Standing
from integrations_health.windows import Span, Window

LEAST_USERS = 5
RANGE = "90d"
RECENT = timedelta(days=14)
# Nobody has looked for so long that nothing is known of now.
STALE_AFTER = timedelta(hours=2)
# Shares of what is observed from which a group counts as out, or as impaired.
OUT_FROM, IMPAIRED_FROM = 0.5, 0.1
# The same of a whole day's time.
DAY_OUT_FROM, DAY_TROUBLED_FROM, DAY_IMPAIRED_FROM = 0.05, 0.01, 0.1


class State(StrEnum):
    """How a provider or a service does; the words of the JSON."""

    OUTAGE = "outage"
    IMPAIRED = "impaired"
    UNKNOWN = "unknown"
    OPERATIONAL = "operational"


_WORST_FIRST = list(State)
_TONES = {
    State.OPERATIONAL: Tone.OK,
    State.IMPAIRED: Tone.DEGRADED,
    State.OUTAGE: Tone.DOWN,
    State.UNKNOWN: Tone.NONE,
}
_UNDER_INCIDENT = {
    Tone.OK: Tone.INCIDENT,
    Tone.DEGRADED: Tone.INCIDENT,
    Tone.NONE: Tone.INCIDENT,
    Tone.DOWN: Tone.DOWN_IN_INCIDENT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One service through a provider, or the provider as a whole (`service` is "")."""

    provider: str
    service: str
    state: State
    incident: ProviderIncident | None
    p95_ms: int | None
    bar: Bar
    # By index of the bar's cell: the part of the day's time without an outage.
    uptimes: Mapping[int, float]
    # Too few people use it for any number.
    is_small: bool

    @property
    def name(self) -> str:
        """What it is called."""
        return names.service(self.service) if self.service else names.provider(self.provider)


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A provider and its services, as far as they may be told of."""

    whole: Line
    services: list[Line]
    # Whether an incident of it or of any of its services, told of or not, goes on.
    has_incident: bool

    @property
    def state(self) -> State:
        """The worst of it, and impaired at least during an incident."""
        told = [line.state for line in (self.whole, *self.services)]
        return worst([*told, State.IMPAIRED] if self.has_incident else told)


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """Everything that the public page says."""

    as_of: datetime
    window: Window
    providers: list[Provider]
    # Those of the window, newest first.
    incidents: list[ProviderIncident]

    @property
    def open(self) -> list[ProviderIncident]:
        """The incidents that go on, newest first."""
        return [one for one in self.incidents if one.closed_at is None]

    @property
    def recent(self) -> list[ProviderIncident]:
        """The incidents that go on or ended lately, newest first."""
        since = self.as_of - RECENT
        return [one for one in self.incidents if one.closed_at is None or one.closed_at > since]

    @property
    def state(self) -> State:
        """The worst of all, and impaired at least while an incident is open."""
        told = [provider.state for provider in self.providers if not provider.whole.is_small]
        return worst([*told, State.IMPAIRED] if self.open else told)


def worst(states: Iterable[State]) -> State:
    """Return the worst of some states; unknown when there are none."""
    return min(states, key=_WORST_FIRST.index, default=State.UNKNOWN)


def read(*, now: datetime) -> Board:
    """Return what may be told now. Three queries, however many there are."""
    window = windows.window(RANGE, now=now)
    incidents = _incidents(window)
    open_now = OpenIncidents(sorted((one for one in incidents if one.closed_at is None), key=_age))
    days = provider_days.read(since=window.start.date(), least_users=LEAST_USERS)
    by_group: dict[tuple[str, str], dict[date, ProviderDay]] = {}
    for day in days:
        by_group.setdefault((day.provider, day.service), {})[day.day] = day
    lines = [
        _line(
            standing,
            by_group.get((standing.provider, standing.service), {}),
            window=window,
            incidents=incidents,
            open_now=open_now,
            now=now,
        )
        for standing in population.read()
    ]
    wholes = [line for line in lines if not line.service]
    return Board(
        as_of=now,
        window=window,
        providers=[
            Provider(
                whole=whole,
                services=_services(whole, lines),
                has_incident=any(
                    one.closed_at is None and one.provider == whole.provider for one in incidents
                ),
            )
            for whole in wholes
        ],
        incidents=incidents,
    )


def _services(whole: Line, lines: Sequence[Line]) -> list[Line]:
    return [
        line
        for line in lines
        if line.provider == whole.provider and line.service and not line.is_small
    ]


def _incidents(window: Window) -> list[ProviderIncident]:
    touching = Q(closed_at=None) | Q(closed_at__gt=window.start)
    return list(ProviderIncident.objects.filter(touching).order_by("-opened_at"))


def _age(incident: ProviderIncident) -> datetime:
    return incident.opened_at


def _line(
    standing: Standing,
    days: Mapping[date, ProviderDay],
    *,
    window: Window,
    incidents: Sequence[ProviderIncident],
    open_now: OpenIncidents,
    now: datetime,
) -> Line:
    is_small = standing.users < LEAST_USERS
    incident = open_now.over(provider=standing.provider, service=standing.service)
    state = State.UNKNOWN if is_small else state_of(standing, now=now)
    if incident is not None:
        state = worst([state, State.IMPAIRED])
    touched = windows.touched(window, _spans(standing, incidents, now))
    return Line(
        provider=standing.provider,
        service=standing.service,
        state=state,
        incident=incident,
        p95_ms=None if is_small or standing.p95_ms is None else round(standing.p95_ms),
        bar=bar(days, today=state, touched=touched, window=window),
        uptimes={
            (day - window.start.date()).days: percent(one.observed_seconds, one.outage_seconds)
            for day, one in days.items()
            if one.observed_seconds
        },
        is_small=is_small,
    )


def state_of(standing: Standing, *, now: datetime) -> State:
    """Return how a group does, by the share for which it or its provider is to blame."""
    seen_at = standing.last_check_at
    if not standing.known or seen_at is None or now - seen_at > STALE_AFTER:
        return State.UNKNOWN
    if standing.failing / standing.known >= OUT_FROM:
        return State.OUTAGE
    if (standing.failing + standing.impaired) / standing.known >= IMPAIRED_FROM:
        return State.IMPAIRED
    return State.OPERATIONAL


def bar(
    days: Mapping[date, ProviderDay], *, today: State, touched: Mapping[int, int], window: Window
) -> Bar:
    """Return the bar of a group: its days as they were, and today as it is now."""
    tones: list[Tone] = []
    notes: dict[int, str] = {}
    for index in range(window.cells):
        day = days.get(window.start.date() + timedelta(days=index))
        is_today = index == window.cells - 1
        tone = _TONES[today] if is_today else _tone(day)
        if touched.get(index):
            tone = _UNDER_INCIDENT[tone]
        tones.append(tone)
        note = ", ".join(_said(day, touched.get(index, 0), now=today if is_today else None))
        if note:
            notes[index] = note
    observed = sum(day.observed_seconds for day in days.values())
    down = sum(day.outage_seconds for day in days.values())
    return Bar("".join(tones), notes, percent(observed, down) if observed else None)


def _tone(day: ProviderDay | None) -> Tone:
    if day is None or not day.observed_seconds:
        return Tone.NONE
    out = day.outage_seconds / day.observed_seconds
    if out >= DAY_OUT_FROM:
        return Tone.DOWN
    is_impaired = day.impaired_seconds / day.observed_seconds >= DAY_IMPAIRED_FROM
    return Tone.DEGRADED if is_impaired or out >= DAY_TROUBLED_FROM else Tone.OK


def _said(day: ProviderDay | None, incidents: int, *, now: State | None) -> list[str]:
    said = []
    if now is not None:
        said.append(f"{now} now")
    elif day is not None and day.observed_seconds:
        said.append(f"{percent(day.observed_seconds, day.outage_seconds):g} %")
    if incidents:
        said.append("1 incident" if incidents == 1 else f"{incidents} incidents")
    return said


def _spans(standing: Standing, incidents: Sequence[ProviderIncident], now: datetime) -> list[Span]:
    return [
        Span(one.opened_at, one.closed_at or now)
        for one in incidents
        if one.provider in {standing.provider, ""} and one.service in {standing.service, ""}
    ]
