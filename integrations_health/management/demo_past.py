"""A believable past for the demo's integrations, the same at every first run of a day."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import uuid5

from django.db import transaction

from integrations_health import history, partitions, provider_days
from integrations_health.bars import Segment, Series
from integrations_health.check_ids import check_id
from integrations_health.history import HistoryRow
from integrations_health.models import (
    DailyHealth,
    HealthHistory,
    Integration,
    MonitoringGap,
    ProviderIncident,
    RolledUpDay,
)
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.status import Status
from integrations_health.windows import DAY, Window, window

EVERY = timedelta(minutes=5)
# Claims are counted from one: none of these ids is that of a check in truth.
_NO_CLAIM = 2**40
# How likely an integration is to be ill on a day, and on how many days it was connected.
_LUCK = (0.0, 0.004, 0.012, 0.03)
_AGES = (90, 90, 90, 41)
_ILLS = (
    (Outcome.TIMEOUT, Status.DEGRADED, 4, 40),
    (Outcome.SERVER_ERROR, Status.UNHEALTHY, 15, 120),
    (Outcome.SLOW, Status.DEGRADED, 30, 240),
    (Outcome.AUTH_EXPIRED, Status.UNHEALTHY, 180, 2400),
)


class Episode(NamedTuple):
    """A time in which an integration was ill, and with what."""

    start: datetime
    end: datetime
    outcome: Outcome
    status: Status


@transaction.atomic
def write(*, now: datetime) -> int:
    """Give every integration 90 days of a past, once; return how many got it.

    What is watched later has the past that it has.
    """
    ninety = window("90d", now=now)
    new = [] if DailyHealth.objects.exists() else list(Integration.objects.order_by("pk"))
    if not new:
        return 0
    for index in range(ninety.cells + 1):
        month = partitions.month_of((ninety.start + DAY * index).date())
        for table in partitions.TABLES:
            partitions.ensure(table, month)
    _write_days(new, ninety, now=now)
    _write_checks(new, ninety, now=now)
    if not MonitoringGap.objects.exists():
        gap = ninety.start + DAY * 58 + timedelta(hours=2)
        MonitoringGap.objects.create(started_at=gap, ended_at=gap + timedelta(hours=3))
        outage = _outage(ninety)
        ProviderIncident.objects.create(
            provider="klavis",
            service="slack",
            cause="provider",
            opened_at=outage.start,
            closed_at=outage.end,
            affected_users=11,
        )
    return len(new)


def _episodes(of: Integration, within: Window) -> list[Episode]:
    chance = random.Random(f"{of.provider} {of.server_instance_id}")
    luck = chance.choice(_LUCK)
    episodes = []
    free_from = within.start
    for index in range(within.cells):
        if chance.random() > luck:
            continue
        outcome, status, least, most = chance.choice(_ILLS)
        start = within.start + DAY * index + timedelta(minutes=chance.randrange(1440))
        if start >= free_from:
            free_from = start + timedelta(minutes=chance.randint(least, most))
            episodes.append(Episode(start, free_from, outcome, status))
    if (of.provider, of.service) == ("klavis", "slack"):
        outage = _outage(within)
        episodes = [one for one in episodes if one.end < outage.start or one.start > outage.end]
        episodes = sorted([*episodes, outage])
    return episodes


def _outage(within: Window) -> Episode:
    start = within.start + DAY * 80 + timedelta(hours=13)
    end = start + timedelta(hours=2, minutes=20)
    return Episode(start, end, Outcome.SERVER_ERROR, Status.UNHEALTHY)


def _segments(of: Integration, within: Window, *, until: datetime) -> Iterator[Segment]:
    chance = random.Random(f"age of {of.server_instance_id}")
    at = within.start + DAY * (within.cells - chance.choice(_AGES))
    for ill in _episodes(of, within):
        if at <= ill.start and ill.end <= until:
            yield Segment(Status.HEALTHY, at, ill.start)
            yield Segment(ill.status, ill.start, ill.end)
            at = ill.end
    yield Segment(Status.HEALTHY, at, until)


def _write_days(new: list[Integration], within: Window, *, now: datetime) -> None:
    today = within.end - DAY
    days = [(within.start + DAY * index).date() for index in range(within.cells - 1)]
    rows = []
    for one in new:
        series, blamed = Series(within), Series(within)
        outcomes = {ill.start: ill.outcome for ill in _episodes(one, within)}
        for segment in _segments(one, within, until=today):
            series.add(segment)
            if outcomes.get(segment.start) in provider_days.NOT_THE_USERS:
                blamed.add(segment)
        chance = random.Random(f"speed of {one.server_instance_id}")
        usual = chance.randint(120, 480)
        for index, day in enumerate(days):
            observed = int(series.observed[index])
            if observed:
                p95 = usual + chance.randint(-30, 60)
                rows.append(_day(one, day, series, blamed, index, p95))
    DailyHealth.objects.bulk_create(rows, batch_size=2000)
    RolledUpDay.objects.bulk_create(
        [RolledUpDay(day=day, is_final=True) for day in days], ignore_conflicts=True
    )
    for day in days:
        provider_days.add_up(day)


def _day(
    one: Integration, day: date, series: Series, blamed: Series, index: int, p95: int
) -> DailyHealth:
    observed = int(series.observed[index])
    down, degraded = int(series.down[index]), int(series.degraded[index])
    checks = observed // int(EVERY.total_seconds())
    unhealthy, slow = checks * down // observed, checks * degraded // observed
    return DailyHealth(
        id=uuid5(one.pk, f"{day}"),
        integration_id=one.pk,
        user_id=one.user_id,
        service=one.service,
        day=day,
        checks=checks,
        healthy_checks=checks - unhealthy - slow,
        degraded_checks=slow,
        unhealthy_checks=unhealthy,
        observed_seconds=observed,
        downtime_seconds=down,
        degraded_seconds=degraded,
        outage_seconds=int(blamed.down[index]),
        impaired_seconds=int(blamed.degraded[index]),
        p50_ms=p95 // 2,
        p95_ms=p95,
    )


def _write_checks(new: list[Integration], within: Window, *, now: datetime) -> None:
    """Write the checks of the last two days, which no roll-up replaces on the page."""
    seen = set(HealthHistory.objects.values_list("integration_id", flat=True).distinct())
    for number, one in enumerate(new):
        chance = random.Random(f"checks of {one.server_instance_id}")
        usual = chance.randint(110, 420)
        episodes = _episodes(one, within)
        first = now - 2 * DAY + timedelta(seconds=number % 300)
        # What was checked in truth stands.
        until = now - 3 * EVERY if one.pk in seen else now - EVERY
        rows = []
        for index in range(int((until - first) / EVERY)):
            at = first + EVERY * index
            ill = next((e for e in episodes if e.start <= at < e.end and e.end <= until), None)
            outcome = ill.outcome if ill else Outcome.OK
            rows.append(
                HistoryRow(
                    id=check_id(one.pk, _NO_CLAIM + index, at),
                    integration_id=one.pk,
                    user_id=one.user_id,
                    service=one.service,
                    status=ill.status if ill else Status.HEALTHY,
                    outcome=outcome,
                    response_time_ms=max(20, int(chance.gauss(usual, usual / 6))),
                    checked_at=at,
                    error_message=MEANINGS[outcome].sentence,
                    error_code="" if outcome is Outcome.OK else outcome.value,
                )
            )
        history.append(rows)
