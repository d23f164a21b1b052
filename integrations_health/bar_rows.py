"""Read what the bars of many integrations show, in a constant number of statements."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from integrations_health import bar_runs, bars, windows
from integrations_health.history import LONGEST_SILENCE
from integrations_health.models import MonitoringGap, ProviderIncident, RolledUpDay

# One row per integration: 18,000 rows of 200 integrations and 90 days would cost the page more
# than everything else on it.
_DAYS = """
SELECT integration_id, array_agg(day - %(first)s), array_agg(observed_seconds),
    array_agg(downtime_seconds), array_agg(degraded_seconds),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY p95_ms)
FROM integration_health_daily
WHERE integration_id = ANY(%(integrations)s) AND user_id = ANY(%(owners)s)
    AND day >= %(first)s AND day < %(until)s
GROUP BY integration_id
"""


class Watched(NamedTuple):
    """Whose bar is asked for, and its owner: what it was to another owner is not theirs."""

    id: UUID
    user_id: UUID
    provider: str
    service: str


class Read(NamedTuple):
    """A bar, and the p95 of its response times: of 24 hours, or of a typical day."""

    bar: bars.Bar
    p95_ms: int | None


def read(
    watched: Sequence[Watched],
    *,
    window: windows.Window,
    incidents: Iterable[ProviderIncident],
    now: datetime,
) -> dict[UUID, Read]:
    """Return the bar of each integration. `incidents` are those that touch the window."""
    series = {one.id: bars.Series(window) for one in watched}
    whom = bar_runs.Whom(list(series), list({one.user_id for one in watched}))
    gaps = _gaps(window, now)
    live_from = _not_rolled_up(window) if window.is_in_days else window.start
    # The last check before speaks for the beginning.
    past = bar_runs.read(
        whom,
        since=live_from - LONGEST_SILENCE,
        until=now,
        measured_from=None if window.is_in_days else window.start,
    )
    _add_runs(series, past, gaps, since=live_from, now=now)
    if window.is_in_days:
        p95 = _add_days(series, whom, window, live_from)
    else:
        p95 = {id: one.p95_ms for id, one in past.items()}
    unwatched = windows.covered(window, gaps)
    touched: dict[tuple[str, str], dict[int, int]] = {}
    kept = list(incidents)
    for _, _, provider, service in watched:
        if (provider, service) not in touched:
            touched[provider, service] = windows.touched(
                window, _spans(kept, provider, service, now=now)
            )
    return {
        id: Read(
            series[id].drawn(unwatched=unwatched, incidents=touched[provider, service]), p95.get(id)
        )
        for id, _, provider, service in watched
    }


def _gaps(window: windows.Window, now: datetime) -> list[windows.Span]:
    rows = MonitoringGap.objects.filter(started_at__lt=now, ended_at__gt=window.start)
    spans = rows.order_by("started_at").values_list("started_at", "ended_at")
    return _merged([windows.Span(start, min(end, now)) for start, end in spans])


def _merged(spans: Iterable[windows.Span]) -> list[windows.Span]:
    merged: list[windows.Span] = []
    for start, end in spans:
        if merged and start <= merged[-1].end:
            merged[-1] = windows.Span(merged[-1].start, max(merged[-1].end, end))
        else:
            merged.append(windows.Span(start, end))
    return merged


def _not_rolled_up(window: windows.Window) -> datetime:
    """Return the first day that history must speak for: today, or yesterday while it is missing."""
    today = window.end - windows.DAY
    yesterday = today - windows.DAY
    if RolledUpDay.objects.filter(day=yesterday.date()).exists():
        return today
    return max(yesterday, window.start)


def _add_days(
    series: dict[UUID, bars.Series], whom: bar_runs.Whom, window: windows.Window, until: datetime
) -> dict[UUID, int | None]:
    """Add the days before `until` from their roll-ups; return the p95 of a typical one."""
    first = window.start.date()
    p95: dict[UUID, int | None] = {}
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {**whom._asdict(), "first": first, "until": until.date()})
        for id, days, observed, down, degraded, typical in cursor.fetchall():
            series[id].put(days, observed=observed, down=down, degraded=degraded)
            p95[id] = typical
    return p95


def _add_runs(
    series: dict[UUID, bars.Series],
    past: Mapping[UUID, bar_runs.Past],
    gaps: Sequence[windows.Span],
    *,
    since: datetime,
    now: datetime,
) -> None:
    """Add what the history says from an instant on."""
    for id, (runs, _) in past.items():
        for segment in bars.segments(runs, until=now, longest_silence=LONGEST_SILENCE):
            # What lies before belongs to a day that is rolled up.
            if segment.end > since:
                series[id].add(segment._replace(start=max(segment.start, since)), gaps=gaps)


def _spans(
    incidents: Iterable[ProviderIncident], provider: str, service: str, *, now: datetime
) -> list[windows.Span]:
    return [
        windows.Span(one.opened_at, one.closed_at or now + timedelta(microseconds=1))
        for one in incidents
        if one.provider in {provider, ""} and one.service in {service, ""}
    ]
