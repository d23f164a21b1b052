"""Read everything that the status page shows, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from integrations_health import advice, bar_rows, names, wording
from integrations_health.access import Caller
from integrations_health.bars import Bar, Tone
from integrations_health.models import HealthCheck, Integration, ProviderIncident
from integrations_health.overlay import OpenIncidents, Overlay, Turns, shown_since, shown_status
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call
from integrations_health.status import Status
from integrations_health.windows import HALF_HOURS, Window

# Worst first: in this order groups and rows are sorted by health.
SEVERITY = {Status.UNHEALTHY: 0, Status.DEGRADED: 1, Status.UNKNOWN: 2, Status.HEALTHY: 3}
PAUSED = 4
UNSTABLE_FOR = timedelta(hours=24)
_TROUBLE = frozenset({Tone.DEGRADED.value, Tone.DOWN.value, Tone.DOWN_IN_INCIDENT.value})
_FIELDS = (
    "integration_id",
    "user_id",
    "service",
    "provider",
    "enabled",
    "status",
    "response_time_ms",
    "last_check_at",
    "next_check_at",
    "error_message",
    "error_code",
    "status_since",
    "manual_at",
    "state_version",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One integration as the page shows it."""

    id: UUID
    name: str
    service: str
    provider: str
    is_paused: bool
    own_status: str
    status: str
    incident: ProviderIncident | None
    since: datetime | None
    last_check_at: datetime | None
    next_check_at: datetime | None
    manual_at: datetime | None
    error_code: str
    error_message: str
    reauth: Call
    version: int
    bar: Bar
    p95_ms: int | None

    @property
    def is_new(self) -> bool:
        """Whether it waits for its first check."""
        return self.last_check_at is None

    @property
    def is_failing(self) -> bool:
        """Whether it does not work, in whole or in part."""
        return not self.is_paused and self.status in {Status.UNHEALTHY, Status.DEGRADED}

    @property
    def needs_its_user(self) -> bool:
        """Whether only the person can mend it."""
        return not self.is_paused and advice.needs_its_user(self)

    @property
    def severity(self) -> int:
        """How far up it stands when the worst come first."""
        return PAUSED if self.is_paused else SEVERITY[Status(self.status)]

    def is_unstable(self, *, now: datetime) -> bool:
        """Whether it failed lately and is fine now."""
        if self.is_paused or self.status != Status.HEALTHY or self.since is None:
            return False
        lately = self.bar.tones if len(self.bar.tones) == HALF_HOURS else self.bar.tones[-2:]
        return now - self.since < UNSTABLE_FOR and not _TROUBLE.isdisjoint(lately)


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """All integrations of a caller, and the incidents that touch them, newest first."""

    rows: Sequence[Row]
    incidents: Sequence[ProviderIncident]
    window: Window
    now: datetime

    @property
    def failing(self) -> int:
        """How many do not work."""
        return sum(row.is_failing for row in self.rows)

    @property
    def unstable(self) -> int:
        """How many failed lately and are fine now."""
        return sum(row.is_unstable(now=self.now) for row in self.rows)

    def banner(self, *, zone: tzinfo) -> wording.Banner:
        """Return what is to be said first."""
        still_open = [one for one in self.incidents if one.closed_at is None]
        return wording.banner(self.rows, still_open, now=self.now, zone=zone)


def read(caller: Caller, *, window: Window, now: datetime) -> Overview:
    """Return the overview of what `caller` may see."""
    turns = Turns.read()
    rows = HealthCheck.objects.visible_to(caller)
    if not caller.sees_everybody:
        # By the index of integrations: the health rows, which each check writes, have none for it.
        rows = rows.filter(integration__in=Integration.objects.visible_to(caller))
    found = list(
        rows.annotate(display_name=F("integration__display_name"))
        .order_by("service", "provider", "integration_id")
        .values_list(*_FIELDS, "display_name", named=True)
    )
    incidents = _incidents({(row.provider, row.service) for row in found}, window)
    watched = [
        bar_rows.Watched(row.integration_id, row.user_id, row.provider, row.service)
        for row in found
    ]
    bars = bar_rows.read(watched, window=window, incidents=incidents, now=now)
    open_now = OpenIncidents(sorted((one for one in incidents if one.closed_at is None), key=_age))
    overlay, offers = Overlay(open_now, turns), Offers(open_now)
    return Overview(
        rows=[_row(row, bars[row.integration_id], overlay, offers) for row in found],
        incidents=incidents,
        window=window,
        now=now,
    )


def _row(health: Any, read: bar_rows.Read, overlay: Overlay, offers: Offers) -> Row:
    incident, version = overlay.over(health)
    return Row(
        id=health.integration_id,
        name=health.display_name or names.service(health.service),
        service=health.service,
        provider=health.provider,
        is_paused=not health.enabled,
        own_status=health.status,
        status=shown_status(health.status, incident),
        incident=incident,
        since=shown_since(health.status_since, health.status, incident),
        last_check_at=health.last_check_at,
        next_check_at=health.next_check_at if health.enabled else None,
        manual_at=health.manual_at,
        error_code=health.error_code,
        error_message=health.error_message,
        reauth=offers.of(health),
        version=version,
        bar=read.bar,
        p95_ms=read.p95_ms if read.p95_ms is not None else health.response_time_ms,
    )


def _incidents(watched: set[tuple[str, str]], window: Window) -> list[ProviderIncident]:
    """Return the incidents in the window that concern what is watched, newest first."""
    in_window = Q(closed_at=None) | Q(closed_at__gt=window.start)
    incidents = ProviderIncident.objects.filter(in_window).select_related("continued_by")
    touching = incidents.order_by("-opened_at")
    return [
        one
        for one in touching
        if any(
            one.provider in {provider, ""} and one.service in {service, ""}
            for provider, service in watched
        )
    ]


def _age(incident: ProviderIncident) -> datetime:
    return incident.opened_at
