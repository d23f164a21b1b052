"""The status page: a signed-in person's integrations, by cause and worst first."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integrations_health import bars, overview, shapes, time_words, timezones, windows
from integrations_health.feed import MOST_IDS
from integrations_health.models import User
from integrations_health.pages import alerts, board, choices, visitors
from integrations_health.pages.choices import Choice
from integrations_health.pages.moments import Moments


@never_cache
@require_safe
@login_required
def page(request: HttpRequest) -> HttpResponse:
    """Show how everything of the person is now and was lately."""
    user = request.user
    assert isinstance(user, User)
    now = timezone.now()
    choice = Choice.read(request.GET)
    window = windows.window(choice.range, now=now)
    moments = Moments(now=now, zone=timezones.zone(user.timezone))
    caller = visitors.own(user)
    found = overview.read(caller, window=window, now=now)
    told = alerts.summaries(caller, moments=moments)
    labels = bars.labels(window, zone=moments.zone)
    banner = found.banner(zone=moments.zone)
    groups = choice.groups(found.rows, now=now)
    shown = {row.id for group in groups for row in group.rows}
    context: dict[str, Any] = {
        "page": "status",
        "now": moments.at(now),
        "now_exactly": shapes.instant(now),
        "banner": banner,
        "since": banner.since and moments.at(banner.since),
        "lasted": banner.since and time_words.span(now - banner.since),
        "reconnects": board.reconnects(found.rows),
        "failing": found.failing,
        "rows": found.rows,
        "choice": choice,
        "shows": _shows(choice, found),
        "ranges": _options(choice, "range", dict.fromkeys(windows.RANGES), choice.range),
        "sorts": _options(choice, "sort", choices.SORTS, choice.sort),
        "bys": _options(choice, "by", choices.GROUPS, choice.by),
        "groups": [
            board.section(group, labels=labels, moments=moments, alerts=told.by_integration)
            for group in groups
        ],
        "hidden": [row for row in found.rows if row.id not in shown],
        "most_live": MOST_IDS,
        "alerts_mark": told.mark,
        "most_alerts": alerts.MOST,
        "labels": labels,
        "is_in_days": window.is_in_days,
        "incidents": [board.incident(one, moments=moments) for one in found.incidents],
        "timezone": user.timezone,
    }
    return render(request, "pages/status.html", context)


def _options(choice: Choice, name: str, words: dict[str, Any], chosen: str) -> list[dict[str, Any]]:
    return [
        {
            "word": word or value.replace("d", " d").replace("h", " h"),
            "address": choice.address(**{name: value}),
            "is_chosen": value == chosen,
        }
        for value, word in words.items()
    ]


def _shows(choice: Choice, found: overview.Overview) -> list[dict[str, Any]]:
    counts = {"": len(found.rows), "failing": found.failing, "unstable": found.unstable}
    return [
        {**option, "count": count, "is_bad": show == "failing" and count > 0}
        for option, (show, count) in zip(
            _options(choice, "show", choices.SHOWS, choice.show), counts.items(), strict=True
        )
    ]
