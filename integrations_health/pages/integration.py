"""The page of one integration: how it is, why we think so, and how it was."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integrations_health import (
    advice,
    bars,
    detail,
    manual_slots,
    names,
    population,
    response_times,
    schedule,
    shapes,
    time_words,
    timezones,
    verdicts,
)
from integrations_health.detail import Detail
from integrations_health.models import HealthCheck, HealthHistory, User
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.pages import alerts, bar_svg, board, response_chart, visitors
from integrations_health.pages.looks import Look
from integrations_health.pages.moments import Moments
from integrations_health.public_status import LEAST_USERS
from integrations_health.reauth_rules import Call
from integrations_health.remembered import Remembered
from integrations_health.transitions import Change

MOST_CHANGES = 12
# Counted over everybody, for whoever asks.
everybody = Remembered(population.read, fresh_for=timedelta(seconds=10))


@never_cache
@require_safe
@login_required
def page(request: HttpRequest, integration_id: UUID) -> HttpResponse:
    """Show one integration to its owner; to anybody else it does not exist."""
    user = request.user
    assert isinstance(user, User)
    look, caller = Look.read(request.GET), visitors.own(user)
    try:
        found = detail.read(caller, integration_id, asked=look.asked(), now=timezone.now())
    except HealthCheck.DoesNotExist:
        raise Http404 from None
    moments = Moments(now=found.now, zone=timezones.zone(user.timezone))
    context = {
        "page": "integration",
        "timezone": user.timezone,
        **_now(found, moments),
        **_past(found, look, moments),
        **alerts.section(caller, integration_id, moments=moments),
    }
    return render(request, "pages/integration.html", context)


def _now(found: Detail, moments: Moments) -> dict[str, Any]:
    health, incident = found.health, found.incident
    held = manual_slots.left_of(health.manual_at, now=found.now)
    labels = bars.labels(found.bar_window, zone=moments.zone)
    state = "paused" if found.is_paused else "new" if found.is_new else found.status
    return {
        "found": found,
        "health": health,
        "name": found.name,
        "service": names.service(health.service),
        "provider": names.provider(health.provider),
        "state": state,
        "word": state.capitalize(),
        "icon": "unknown" if found.is_new and not found.is_paused else state,
        "banner": found.banner(zone=moments.zone),
        "advice": advice.of(found),
        "others": _others(found),
        "is_to_reconnect": found.reauth is Call.OFFERED,
        "held": time_words.span(held) if held else "",
        "free_at": shapes.instant(found.now + held) if held else "",
        "now_exactly": shapes.instant(found.now),
        "p95": board.milliseconds(None if found.p95_ms is None else round(found.p95_ms)),
        "uptime": board.NOTHING if found.bar.uptime is None else f"{found.bar.uptime:g} %",
        "since": moments.at(health.status_since),
        "last_check": moments.relative(health.last_check_at),
        "read_at": moments.at(found.now),
        "incident": None if incident is None else board.incident(incident, moments=moments),
        "verdict": verdicts.explain(
            health, incident_cause=None if incident is None else incident.cause
        ),
        "outlook": verdicts.outlook(
            health,
            is_running=schedule.is_being_checked(health.integration_id, now=found.now),
            interval=found.interval,
            now=found.now,
            zone=moments.zone,
        ),
        "bar": bar_svg.draw(found.bar, labels=labels, name=found.name),
        "bar_labels": labels,
    }


def _others(found: Detail) -> str:
    """Return how the same does for everybody, where that is enough people to be nobody's."""
    for one in everybody():
        is_same = (one.provider, one.service) == (found.provider, found.service)
        if is_same and one.known_users >= LEAST_USERS and one.works_percent is not None:
            return f"{one.works_percent} %"
    return ""


def _past(found: Detail, look: Look, moments: Moments) -> dict[str, Any]:
    range = response_times.RANGES[look.range]
    older = found.log.older
    return {
        "chart": response_chart.draw(found.past, range=range, moments=moments),
        "ranges": [
            (one.words, look.address(range=name), name == look.range)
            for name, one in response_times.RANGES.items()
        ],
        "changes": [_change(one, moments) for one in found.changes[:MOST_CHANGES]],
        "has_more_changes": len(found.changes) > MOST_CHANGES,
        "outcomes": [
            ("All", look.address(outcome="", older=""), not look.outcome, found.checks),
            *(
                (_word(name), look.address(outcome=name, older=""), name == look.outcome, count)
                for name, count in found.outcomes.items()
            ),
        ],
        "meaning": MEANINGS[Outcome(look.outcome)].sentence if look.outcome else "",
        "checks": [_check(one, moments) for one in found.log.checks],
        "older": look.address(older=str(older)) if older else "",
        "newest": look.address(older="") if look.older else "",
    }


def _change(change: Change, moments: Moments) -> dict[str, Any]:
    lasted = "" if change.lasted is None else time_words.span(change.lasted)
    return {
        "at": moments.at(change.at),
        "status": change.status.value,
        "before": change.before.value,
        "why": "" if change.outcome == Outcome.OK else change.outcome,
        "lasted": lasted,
    }


def _check(check: HealthHistory, moments: Moments) -> dict[str, Any]:
    return {
        "at": moments.at(check.checked_at),
        "status": check.status,
        "outcome": _word(check.outcome),
        "took": board.milliseconds(check.response_time_ms),
    }


def _word(outcome: str) -> str:
    return "OK" if outcome == Outcome.OK else outcome.replace("_", " ").capitalize()
