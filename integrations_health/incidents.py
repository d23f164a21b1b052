"""Notice that a provider, or a service, fails for many, and that it works again.

Any number of beats may look at once: one look in half a minute counts, and what the looks came to
is kept in PostgreSQL, so that any worker goes on where another ended.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from integrations_health import (
    clock,
    egress,
    live,
    network,
    outage_counts,
    outage_rules,
    outage_streaks,
    schedule,
    waiting,
)
from integrations_health.models import OutageStreak, ProviderIncident
from integrations_health.outage_rules import Cell, Scope
from integrations_health.outage_streaks import Streak

logger = logging.getLogger(__name__)

LOOK = "incidents"
# Less than the half minute between two looks, which come a little early or late.
LOOK_COUNTS_AFTER = timedelta(seconds=25)
ASKED = 20
ASK_AGAIN_AFTER = timedelta(minutes=2)


def follow(*, now: datetime | None = None) -> bool:
    """Look at how the last minutes' checks ended; open and close incidents; say whether it counted.

    It does not when another look was counted within LOOK_COUNTS_AFTER. `now` replaces the
    database's clock in tests.
    """
    at = now or clock.now()
    if not _take_turn(at):
        return False
    cells = outage_counts.read(now=at)
    if outage_rules.is_silent(cells) and not network.run(egress.is_reaching()):
        logger.warning("incidents.own_network_suspected")
    else:
        for change in _judge(cells, at=at):
            live.tell_of_incident(change.provider)
        _ask(cells, at=at)
    _let_wait(cells, at=at)
    return True


def _take_turn(at: datetime) -> bool:
    # A look that is yet to come was made before the clock was set back.
    arguments: list[Any] = [LOOK, at, LOOK_COUNTS_AFTER, LOOK_COUNTS_AFTER]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO monitor_heartbeats AS h (name, beaten_at) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET beaten_at = EXCLUDED.beaten_at"
            " WHERE h.beaten_at <= EXCLUDED.beaten_at - %s"
            " OR h.beaten_at >= EXCLUDED.beaten_at + %s",
            arguments,
        )
        return bool(cursor.rowcount)


@transaction.atomic
def _judge(cells: Sequence[Cell], *, at: datetime) -> list[ProviderIncident]:
    """Open and close what the looks decide; return the incidents that began or ended."""
    streaks = {
        Scope(row.provider, row.service): row
        for row in OutageStreak.objects.order_by("pk").select_for_update()
    }
    # Locked in this order, as whoever closes several by hand locks them.
    open_now = list(_open().select_for_update())
    changed: list[ProviderIncident | None] = []
    ended: list[ProviderIncident] = []
    for incident in open_now:
        scope = _scope(incident)
        if incident.is_detected:
            speaks = outage_rules.has_ended(scope, cells)
            if _is_decided(scope, streaks.get(scope), is_open=True, speaks=speaks, at=at):
                changed.append(_close(incident, at=at))
                ended.append(incident)
    followed = {_scope(incident) for incident in open_now if incident.is_detected}
    for scope, is_failing in outage_rules.judge(cells).items():
        if scope in followed:
            continue
        speaks = is_failing and not _is_covered(scope, open_now)
        if _is_decided(scope, streaks.get(scope), is_open=False, speaks=speaks, at=at):
            opened = _open_incident(scope, cells, at=at)
            if opened is not None:
                parts = (one for one in open_now if one.is_detected and scope.covers(*_scope(one)))
                changed += [opened, *(_close(one, continued_by=opened, at=at) for one in parts)]
    # Last: what is left may be a part of what has just begun.
    for incident in ended:
        changed += _resume_parts(incident, cells, at=at)
    return [incident for incident in changed if incident is not None]


def _is_decided(
    scope: Scope, row: OutageStreak | None, *, is_open: bool, speaks: bool | None, at: datetime
) -> bool:
    """Remember what one look says of a scope; say whether the looks decide for a change."""
    if row is None and not speaks:
        return False
    row = row or OutageStreak(provider=scope.provider, service=scope.service)
    before = Streak(row.looks, row.is_towards_end, row.judged_at)
    streak = outage_streaks.follow(before, is_open=is_open, speaks=speaks, at=at)
    kept = streak.turned() if streak.is_decided else streak
    if kept != before:
        row.looks, row.is_towards_end, row.judged_at = kept
        row.save()
    return streak.is_decided


def _open_incident(scope: Scope, cells: Sequence[Cell], *, at: datetime) -> ProviderIncident | None:
    """Open an incident, unless somebody has just opened one of the same; return it."""
    incident = ProviderIncident(
        **scope._asdict(),
        cause=outage_rules.cause(scope, cells).value,
        opened_at=at,
        affected_users=outage_counts.users(scope),
        is_detected=True,
    )
    ProviderIncident.objects.bulk_create([incident], ignore_conflicts=True)
    if not ProviderIncident.objects.filter(pk=incident.pk).exists():
        return None
    logger.warning("incident.opened", extra={**scope._asdict(), "cause": incident.cause})
    return incident


def _close(
    incident: ProviderIncident, *, continued_by: ProviderIncident | None = None, at: datetime
) -> ProviderIncident | None:
    """Close an incident that is over, or a part of a wider one; None when somebody has done so."""
    closed_at = max(incident.opened_at, at)
    still_open = ProviderIncident.objects.filter(pk=incident.pk, closed_at=None)
    if not still_open.update(closed_at=closed_at, continued_by=continued_by):
        return None
    if continued_by is not None:
        incident.continues.update(continued_by=continued_by)
    event = "incident.closed" if continued_by is None else "incident.continued"
    logger.warning(event, extra=_scope(incident)._asdict())
    return incident


def _resume_parts(
    ended: ProviderIncident, cells: Sequence[Cell], *, at: datetime
) -> list[ProviderIncident]:
    """Let what an incident that is over continued go on, unless that is known to work as well.

    It goes on in another incident that explains it, else in one of its own that is opened anew.
    """
    open_now = [incident for incident in _open() if incident.is_detected]
    resumed: list[ProviderIncident] = []
    for part in ended.continues.order_by("pk"):
        scope = _scope(part)
        if outage_rules.has_ended(scope, cells):
            continue
        others = (one for one in [*open_now, *resumed] if _scope(one).covers(*scope))
        goes_on = next(others, None)
        if goes_on is None:
            goes_on = _open_incident(scope, cells, at=at)
            if goes_on is not None:
                resumed.append(goes_on)
        part.continued_by = goes_on or ended
        part.save(update_fields=["continued_by"])
    return resumed


def _ask(cells: Sequence[Cell], *, at: datetime) -> None:
    """Have some checked at once where a few fail, none works, and too few were looked at."""
    open_now = list(_open())
    scopes = {Scope(cell.provider, "") for cell in cells}
    scopes |= {Scope("", cell.service) for cell in cells}
    for scope in sorted(scopes):
        if not outage_rules.needs_more(scope, cells) or _is_covered(scope, open_now):
            continue
        if _may_ask(scope, at=at):
            chosen = outage_counts.some_unasked(scope, count=ASKED, now=at)
            schedule.make_due(chosen, spread=timedelta(), now=at)
            logger.info("incidents.asked", extra={**scope._asdict(), "count": len(chosen)})


def _may_ask(scope: Scope, *, at: datetime) -> bool:
    arguments: list[Any] = [*scope, at, ASK_AGAIN_AFTER]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outage_streaks AS s"
            " (provider, service, looks, is_towards_end, asked_at) VALUES (%s, %s, 0, false, %s)"
            " ON CONFLICT (provider, service) DO UPDATE SET asked_at = EXCLUDED.asked_at"
            " WHERE s.asked_at IS NULL OR s.asked_at <= EXCLUDED.asked_at - %s",
            arguments,
        )
        return bool(cursor.rowcount)


def _let_wait(cells: Sequence[Cell], *, at: datetime) -> None:
    for incident in _open():
        if incident.is_detected:
            scope = _scope(incident)
            concerned = [one for one in cells if scope.covers(one.provider, one.service)]
            probing = outage_rules.probing(sum(one.population for one in concerned))
            waiting.hold(incident, probing=probing, now=at)
    waiting.end(now=at)


def _open() -> QuerySet[ProviderIncident]:
    return ProviderIncident.objects.filter(closed_at=None).order_by("pk")


def _is_covered(scope: Scope, open_now: Sequence[ProviderIncident]) -> bool:
    return any(_scope(incident).covers(*scope) for incident in open_now)


def _scope(incident: ProviderIncident) -> Scope:
    return Scope(incident.provider, incident.service)
