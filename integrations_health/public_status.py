"""What anybody may know: how providers and their services do, in numbers that are nobody's.

What fewer than LEAST_USERS people use is not told, neither now nor of a day: a number about one
person is that person's. How many use what is the operator's business, and is not told either;
shares without counts also keep a hidden service from being reckoned out of its provider's total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from integrations_health import names, population, provider_days, public_bars, uptime, windows
from integrations_health.bars import Bar
from integrations_health.models import ProviderDay, ProviderIncident
from integrations_health.overlay import OpenIncidents
from integrations_health.population import Standing
from integrations_health.public_states import State, state_of, worst
from integrations_health.windows import Span, Window

LEAST_USERS = 5
RANGE = "90d"
RECENT = timedelta(days=14)


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
    def told(self) -> list[Line]:
        """What may be told of: nothing of a provider that too few people use."""
        return [] if self.whole.is_small else [self.whole, *self.services]

    @property
    def state(self) -> State:
        """The worst of it, and impaired at least during an incident."""
        states = [line.state for line in self.told]
        return worst([*states, State.IMPAIRED] if self.has_incident else states)


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
        states = [provider.state for provider in self.providers if provider.told]
        return worst([*states, State.IMPAIRED] if self.open else states)


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
    incidents = ProviderIncident.objects.filter(touching).select_related("continued_by")
    return list(incidents.order_by("-opened_at"))


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
    # Many may use it of whom nothing is known yet: then the numbers are about the few others.
    is_known = standing.known_users >= LEAST_USERS
    is_measured = standing.measured_users >= LEAST_USERS
    state = state_of(standing, now=now) if is_known else State.UNKNOWN
    if incident is not None:
        state = worst([state, State.IMPAIRED])
    touched = windows.touched(window, _spans(standing, incidents, now))
    return Line(
        provider=standing.provider,
        service=standing.service,
        state=state,
        incident=incident,
        p95_ms=round(standing.p95_ms) if is_measured and standing.p95_ms is not None else None,
        bar=public_bars.draw(days, today=state, touched=touched, window=window),
        uptimes={
            (day - window.start.date()).days: uptime.percent(
                one.observed_seconds, one.outage_seconds
            )
            for day, one in days.items()
            if one.observed_seconds
        },
        is_small=is_small,
    )


def _spans(standing: Standing, incidents: Sequence[ProviderIncident], now: datetime) -> list[Span]:
    return [
        Span(one.opened_at, one.closed_at or now)
        for one in incidents
        if one.provider in {standing.provider, ""} and one.service in {standing.service, ""}
    ]
