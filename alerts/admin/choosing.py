"""Find out which alerts somebody chose on a page: one, those that are ticked, whole groups."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from alerts import causes
from alerts.admin.verbs import Chosen
from alerts.causes import Cause
from alerts.models import Alert

# A group under one of these is only a part of its cause.
NARROWS = ("q", "severity", "state")
TICKED = "_selected_action"


def read(request: HttpRequest, listed: QuerySet[Alert], *, now: datetime) -> Chosen:
    """Return what was chosen. At most one query.

    The value of the button that was pressed says one alert or one group (`alert:…`, `cause:…`);
    without one, what is ticked counts. A group is the open alerts of one cause that are `listed`
    and were so when the page was shown: what opened since, nobody saw.
    """
    kind, _, pressed = request.POST.get("only", "").partition(":")
    if kind:
        ids, keys = _ids([pressed] if kind == "alert" else []), [pressed] * (kind == "cause")
    else:
        ids, keys = _ids(request.POST.getlist(TICKED)), request.POST.getlist("cause")
    chosen = [cause for cause in map(causes.parse, keys) if cause is not None]
    if chosen:
        ids = sorted({*ids, *_within(chosen, listed, shown_at=_shown_at(request) or now)})
    has_others = not kind and request.POST.getlist(TICKED)
    is_part = any(request.GET.get(name) for name in NARROWS)
    return Chosen(ids, [] if has_others or is_part else chosen)


def _within(chosen: list[Cause], listed: QuerySet[Alert], *, shown_at: datetime) -> Iterable[UUID]:
    alerts = listed.filter(causes.among(chosen), resolved_at=None, created_at__lte=shown_at)
    return alerts.order_by().values_list("pk", flat=True)


def _ids(texts: Iterable[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _shown_at(request: HttpRequest) -> datetime | None:
    try:
        shown_at = parse_datetime(request.POST.get("shown_at", ""))
    except ValueError:
        return None
    return shown_at if shown_at is not None and shown_at.tzinfo is not None else None
