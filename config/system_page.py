"""The page on which staff see whether the monitor itself is well."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import redis
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from alerts import watchdog as telling
from config import queues
from config.pages import LONGEST_SILENCE
from integrations_health import buffer, time_words, watchdog

# A check that is later than this is worth a look; a tick and a batch go by in the best of times.
LATE = timedelta(minutes=2)
# More tasks than this are not worked off by the next tick.
LONG_QUEUE = 1_000
# A message waits for more to tell the same recipient, and is then sent at the next tick.
SLOW_TO_TELL = timedelta(minutes=2)
FEW_DAYS = timedelta(days=14)


class Tile(NamedTuple):
    """One thing that is well or not: its name, what is so, a line about it, and how bad it is."""

    name: str
    value: str
    line: str
    tone: str  # of a pill: healthy, degraded, unhealthy


@require_safe
@permission_required("integrations_health.view_heartbeat", raise_exception=True)
def page(request: HttpRequest) -> HttpResponse:
    """Show how late we are, what waits, and what was given up."""
    now = timezone.now()
    paces, backlogs = watchdog.paces(), telling.backlogs()
    shown: dict[str, Any] = {
        "title": "System",
        "tiles": [
            _beat(watchdog.beaten_at(), now=now),
            _lag(paces, now=now),
            _dead(backlogs),
            _notices(telling.unheard()),
            _promptness(telling.promptness()),
            _partitions(watchdog.ready_until(), today=now.date()),
            _kept(),
        ],
        "paces": [
            (
                pace,
                _behind(pace.oldest_due_at, now=now),
                pace.blocked_until if pace.blocked_until and pace.blocked_until > now else None,
            )
            for pace in paces
        ],
        "backlogs": [(one, _behind(one.oldest_due_at, now=now)) for one in backlogs],
        "queues": queues.depths(),
        "long_queue": LONG_QUEUE,
        "most_counted": watchdog.MOST_COUNTED,
        "read_at": time_words.utc(now),
    }
    return TemplateResponse(
        request, "admin/system.html", {**admin.site.each_context(request), **shown}
    )


def _beat(beaten_at: datetime | None, *, now: datetime) -> Tile:
    if beaten_at is None:
        return Tile("Schedule", "never looked at", "Start a worker of `checks`.", "unhealthy")
    silence = now - beaten_at
    tone = "unhealthy" if silence > LONGEST_SILENCE else "healthy"
    return Tile("Schedule", f"{time_words.span(silence)} ago", "When it was last looked at.", tone)


def _lag(paces: list[watchdog.Pace], *, now: datetime) -> Tile:
    lag = max((pace.lag(now) for pace in paces), default=timedelta())
    oldest = min((pace.oldest_due_at for pace in paces if pace.oldest_due_at), default=None)
    since = f"Oldest due: {time_words.utc(oldest)}." if oldest else "Nothing is overdue."
    tone = "healthy" if lag <= LATE else "degraded" if lag <= 5 * LATE else "unhealthy"
    return Tile("Lag", time_words.span(lag), since, tone)


def _dead(backlogs: list[telling.Backlog]) -> Tile:
    dead = sum(one.dead for one in backlogs)
    line = "Send them again from their page." if dead else "Every message went out, or will."
    return Tile("Dead messages", _counted(dead), line, "unhealthy" if dead else "healthy")


def _notices(unheard: telling.Unheard) -> Tile:
    line = f"{unheard.open} open; nobody was told of {unheard.untold} yet."
    tone = "unhealthy" if unheard.untold else "degraded" if unheard.open else "healthy"
    return Tile("Notices to staff", str(unheard.open), line, tone)


def _promptness(found: telling.Promptness) -> Tile:
    name = "From change to message"
    if found.p50 is None or found.p95 is None:
        return Tile(name, "no message yet", "Of the last 24 hours.", "healthy")
    tone = "healthy" if found.p95 <= SLOW_TO_TELL else "degraded"
    line = f"Half of {found.count:,} in 24 hours; 95 % within {time_words.span(found.p95)}."
    return Tile(name, time_words.span(found.p50), line, tone)


def _partitions(ready: dict[str, date], *, today: date) -> Tile:
    until = min(ready.values())
    is_missing, is_short = until <= today, until <= today + FEW_DAYS
    tone = "unhealthy" if is_missing else "degraded" if is_short else "healthy"
    line = "Run manage.py maintain_partitions." if is_short else "Places for history are made."
    return Tile("History has room until", f"{until:%-d %b %Y}", line, tone)


def _kept() -> Tile:
    name = "Results to be recorded"
    try:
        entries = buffer.length()
    except redis.RedisError:
        return Tile(name, "not known", "Redis, which would keep them, does not answer.", "degraded")
    if not entries:
        return Tile(name, "none", "Found while PostgreSQL was away.", "healthy")
    line = "Found while PostgreSQL was away. The next look at the schedule records them."
    return Tile(name, "1 batch" if entries == 1 else f"{entries:,} batches", line, "degraded")


def _behind(instant: datetime | None, *, now: datetime) -> str:
    return time_words.span(now - instant) if instant and instant < now else ""


def _counted(number: int) -> str:
    return f"{number:,} or more" if number >= watchdog.MOST_COUNTED else f"{number:,}"
