"""The status page for everybody: no sign-in, no person, the same bytes for all."""

from collections.abc import Callable
from datetime import UTC, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from integrations_health import bars, clock, public_json, public_status, public_words
from integrations_health.pages import bar_svg, board, themes
from integrations_health.pages.moments import Moments
from integrations_health.public_states import State
from integrations_health.public_status import Board, Line
from integrations_health.remembered import Remembered

MAX_AGE_SECONDS = 30
# Anybody may ask as often as they like; reading costs more the more integrations there are.
board_of_now = Remembered(
    lambda: public_status.read(now=clock.now()),
    fresh_for=timedelta(seconds=MAX_AGE_SECONDS / 3),
    # The page says as of when it is.
    good_for=timedelta(minutes=5),
)
# Of State: which of the looks of a status it has.
_LOOKS = {
    State.OPERATIONAL: "healthy",
    State.IMPAIRED: "degraded",
    State.OUTAGE: "unhealthy",
    State.UNKNOWN: "unknown",
}

View = Callable[..., HttpResponseBase]


def for_everybody(view: View) -> View:
    """Let anybody, and caches, have what `view` answers; 404 when the page is switched off."""

    @wraps(view)
    def served(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.PUBLIC_STATUS_PAGE:
            raise Http404
        return view(request, *args, **kwargs)

    cached = cache_control(public=True, max_age=MAX_AGE_SECONDS)(conditional_page(served))
    return require_safe(cached)


@for_everybody
def page(request: HttpRequest) -> HttpResponse:
    """Answer the page."""
    shown = board_of_now()
    # Without the request: nothing of who asks may get into what caches keep for others.
    return HttpResponse(render_to_string("pages/public.html", _context(shown)))


@for_everybody
def data(request: HttpRequest) -> HttpResponse:
    """Answer the same as JSON."""
    return JsonResponse(public_json.board(board_of_now()))


def _context(shown: Board) -> dict[str, Any]:
    labels = bars.labels(shown.window, zone=UTC)
    moments = Moments(now=shown.as_of, zone=UTC)
    return {
        "product": themes.PRODUCT,
        "page": "public-status",
        "has_public_page": True,
        "as_of": moments.at(shown.as_of),
        "labels": labels,
        "headline": public_words.headline(shown),
        "look": "incident" if shown.open else _LOOKS[shown.state],
        "cards": [
            {
                "provider": provider,
                "look": _LOOKS[provider.state],
                "word": public_words.WORDS[provider.state],
                "rows": [_row(line, labels) for line in provider.told],
            }
            for provider in shown.providers
        ],
        "incidents": [
            {
                "id": one.pk,
                "is_open": one.closed_at is None,
                "state": public_words.state(one),
                "title": public_words.title(one),
                "opened": moments.at(one.opened_at),
                "lasted": public_words.lasted(one, now=shown.as_of),
            }
            for one in shown.recent
        ],
        "least_users": public_status.LEAST_USERS,
    }


def _row(line: Line, labels: list[str]) -> dict[str, Any]:
    name = line.name if line.service else "All services"
    return {
        "name": name,
        "look": "incident" if line.incident else _LOOKS[line.state],
        "word": public_words.WORDS[line.state],
        "bar": bar_svg.draw(line.bar, labels=labels, name=name),
        "uptime": board.NOTHING if line.bar.uptime is None else f"{line.bar.uptime:g} %",
        "p95": board.milliseconds(line.p95_ms),
    }
