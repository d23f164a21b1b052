"""Read everything that the page of one integration shows, in a constant number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from django.db.models import Q, QuerySet

from integrations_health import (
    bar_rows,
    check_log,
    names,
    response_times,
    transitions,
    windows,
    wording,
)
from integrations_health.access import Caller
from integrations_health.bars import Bar
from integrations_health.charts import Stretch
from integrations_health.check_log import Page
from integrations_health.models import HealthCheck, Integration, ProviderIncident
from integrations_health.overlay import OpenIncidents, Overlay, Turns, shown_since, shown_status
from integrations_health.positions import Position
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call
from integrations_health.response_times import Bucket, Range, Window
from integrations_health.transitions import Change, Turn

BAR_RANGE = "90d"
CHANGES_REACH = timedelta(days=30)
P95_OVER = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What of an integration's past somebody asks for."""

    range: Range = response_times.DEFAULT
    outcome: str = ""
    older_than: Position | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """How quickly it answered in a window, and which status lasted when."""

    window: Window
    buckets: Sequence[Bucket]
    runs: Sequence[Sequence[Bucket]]
    stretches: Sequence[Stretch]


@dataclass(frozen=True, kw_only=True, slots=True)
class Detail:
    """One integration: how it is, how it was, and each finished check."""

    now: datetime
    health: HealthCheck
    version: int
    incident: ProviderIncident | None
    reauth: Call
    bar: Bar
    bar_window: windows.Window
    p95_ms: float | None
    past: Past
    changes: Sequence[Change]
    outcomes: dict[str, int]
    log: Page

    @property
    def watched(self) -> Integration:
        """Return the integration itself, without its secrets."""
        return self.health.integration

    @property
    def name(self) -> str:
        """Return what its owner calls it."""
        return self.watched.display_name or names.service(self.watched.service)

    @property
    def interval(self) -> timedelta:
        """Return how often it is looked at while it works."""
        return timedelta(seconds=self.watched.interval_seconds)

    @property
    def checks(self) -> int:
        """Return how many checks the log reaches back over."""
        return sum(self.outcomes.values())

    @property
    def status(self) -> str:
        """Return the status that people read."""
        return shown_status(self.health.status, self.incident)

    @property
    def own_status(self) -> str:
        """Return the status without any incident over it."""
        return self.health.status

    @property
    def service(self) -> str:
        """Return the service, as the code calls it."""
        return self.health.service

    @property
    def provider(self) -> str:
        """Return the provider, as the code calls it."""
        return self.health.provider

    @property
    def error_code(self) -> str:
        """Return the outcome that the status rests on; "" while it works."""
        return self.health.error_code

    @property
    def since(self) -> datetime | None:
        """Return since when it has its status."""
        return shown_since(self.health.status_since, self.health.status, self.incident)

    @property
    def is_paused(self) -> bool:
        """Say whether nobody checks it."""
        return not self.health.enabled

    @property
    def is_new(self) -> bool:
        """Say whether it waits for its first check."""
        return self.health.last_check_at is None

    def banner(self, *, zone: tzinfo) -> wording.Banner:
        """Return the sentences about it."""
        incidents = [] if self.incident is None else [self.incident]
        return wording.banner([self], incidents, now=self.now, zone=zone)


def read(caller: Caller, integration_id: UUID, *, asked: Asked, now: datetime) -> Detail:
    """Return an integration that `caller` may see. Raises HealthCheck.DoesNotExist."""
    counted = Turns.read()
    health = _visible(caller).get(integration_id=integration_id)
    watched = health.integration
    bar_window = windows.window(BAR_RANGE, now=now)
    incidents = _incidents(watched, since=bar_window.start)
    open_now = OpenIncidents([one for one in incidents if one.closed_at is None])
    incident, version = Overlay(open_now, counted).over(health)
    turns = transitions.read(watched, since=now - CHANGES_REACH, until=now)
    return Detail(
        now=now,
        health=health,
        version=version,
        incident=incident,
        reauth=Offers(open_now).of(health),
        bar=_bar(watched, bar_window, incidents, now),
        bar_window=bar_window,
        p95_ms=response_times.p95(watched, starts_at=now - P95_OVER, ends_at=now),
        past=_past(health, asked.range.window(now), turns, now),
        changes=transitions.changes(turns),
        outcomes=check_log.outcomes(watched, now=now),
        log=check_log.read(watched, now=now, outcome=asked.outcome, older_than=asked.older_than),
    )


def _visible(caller: Caller) -> QuerySet[HealthCheck]:
    rows = HealthCheck.objects.visible_to(caller).select_related("integration")
    return rows.defer(*(f"integration__{secret}" for secret in Integration.SECRETS))


def _incidents(watched: Integration, *, since: datetime) -> list[ProviderIncident]:
    """Return the incidents since an instant that concern it, the oldest first."""
    touching = Q(closed_at=None) | Q(closed_at__gt=since)
    concerning = Q(provider__in=[watched.provider, ""], service__in=[watched.service, ""])
    return list(ProviderIncident.objects.filter(touching, concerning).order_by("opened_at"))


def _bar(
    watched: Integration,
    window: windows.Window,
    incidents: Sequence[ProviderIncident],
    now: datetime,
) -> Bar:
    place = bar_rows.Watched(watched.pk, watched.user_id, watched.provider, watched.service)
    return bar_rows.read([place], window=window, incidents=incidents, now=now)[watched.pk].bar


def _past(health: HealthCheck, window: Window, turns: Sequence[Turn], now: datetime) -> Past:
    gaps = transitions.gaps(since=window.starts_at, until=window.ends_at)
    buckets = response_times.read(health.integration, window)
    return Past(
        window=window,
        buckets=buckets,
        runs=response_times.runs(buckets, window, gaps),
        stretches=transitions.stretches(
            turns,
            starts_at=window.starts_at,
            ends_at=now,
            last_check_at=health.last_check_at,
            gaps=gaps,
        ),
    )
