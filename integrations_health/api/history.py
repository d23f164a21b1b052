"""The past of one integration: its checks, or hours and days of them, as JSON or CSV."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from integrations_health import buckets, clock, past_checks, shapes
from integrations_health.access import Caller
from integrations_health.api import documents, parameters
from integrations_health.api.answers import answer
from integrations_health.api.csv_answers import Csv, csv_answer
from integrations_health.api.integrations import found
from integrations_health.api.parameters import Rule
from integrations_health.api.views import ApiView
from integrations_health.buckets import Unit
from integrations_health.past_checks import Range
from integrations_health.positions import Position
from integrations_health.problems import FieldError, invalid
from integrations_health.shapes import Json
from integrations_health.watched import Watched

MOST = 1_000
USUAL = 100
USUAL_SPAN = timedelta(hours=24)


class Resolution(StrEnum):
    """Every check, or the numbers of an hour or a day."""

    RAW = "raw"
    HOUR = "hour"
    DAY = "day"


LONGEST = {
    Resolution.RAW: timedelta(days=31),
    Resolution.HOUR: timedelta(days=93),
    Resolution.DAY: timedelta(days=400),
}
PARAMETERS: dict[str, Rule] = {
    "from": parameters.INSTANT,
    "to": parameters.INSTANT,
    "resolution": parameters.choice(tuple(one.value for one in Resolution)),
    "limit": parameters.limit(MOST),
    "cursor": parameters.CURSOR,
}


RENDERERS = [*ApiView.renderer_classes, Csv]


class Asked(NamedTuple):
    """What of the past somebody wants to see."""

    resolution: Resolution
    starts_at: datetime
    ends_at: datetime
    now: datetime


class History(ApiView):
    """The past of one integration."""

    renderer_classes = RENDERERS

    @extend_schema(**documents.SHOW_HISTORY)
    def get(self, request: Request, integration_id: UUID) -> HttpResponseBase:
        """Show checks, hours or days, the newest first; what nothing is known of is left out."""
        sent = parameters.read(request.query_params, PARAMETERS)
        row = found(self.caller, integration_id)
        asked = _asked(sent, now=clock.now())
        limit, after = sent.get("limit", USUAL), sent.get("cursor")
        if isinstance(request.accepted_renderer, Csv):
            _refuse_pages(sent)
            return csv_answer(
                request,
                _parts(self.caller, row, asked),
                columns=COLUMNS[asked.resolution],
                name=_file_name(row, asked),
            )
        items, following = PAGES[asked.resolution](self.caller, row, asked, limit, after)
        return answer(
            {
                "resolution": asked.resolution.value,
                "from": shapes.instant(asked.starts_at),
                "to": shapes.instant(asked.ends_at),
                "items": items,
                "nextCursor": str(following) if following else None,
            }
        )


def _asked(sent: dict[str, Any], *, now: datetime) -> Asked:
    """Return the range that was asked for, in whole hours or days. Raises Problem."""
    resolution = Resolution(sent.get("resolution", Resolution.RAW))
    ends_at = sent.get("to", now)
    starts_at = sent.get("from", ends_at - USUAL_SPAN)
    if starts_at >= ends_at:
        raise _wrong("from", "is not before `to`", "send an earlier one")
    longest = LONGEST[resolution]
    if ends_at - starts_at > longest:
        remedy = f"with resolution={resolution} {longest.days} days are the most"
        raise _wrong("from", "is too far before `to`", remedy)
    if resolution is not Resolution.RAW:
        unit = Unit(resolution)
        starts_at = unit.start_of(starts_at)
        ends_at = unit.start_of(ends_at - timedelta(microseconds=1)) + unit.width
    return Asked(resolution, starts_at, ends_at, now)


def _refuse_pages(sent: dict[str, Any]) -> None:
    if paged := [name for name in ("limit", "cursor") if name in sent]:
        raise _wrong(paged[0], "is for JSON", "leave it out: a CSV holds the whole range")


def _wrong(field: str, problem: str, remedy: str) -> Exception:
    return invalid(FieldError(field=field, problem=problem, remedy=remedy))


def _checks(
    caller: Caller, row: Watched, asked: Asked, limit: int, after: Position | None
) -> tuple[list[Json], Position | None]:
    within = Range(asked.starts_at, asked.ends_at)
    page = past_checks.page(caller, row.pk, row.user_id, within=within, limit=limit, after=after)
    return [shapes.entry(check) for check in page.checks], page.next


def _buckets(
    caller: Caller, row: Watched, asked: Asked, limit: int, after: Position | None
) -> tuple[list[Json], Position | None]:
    every = _every_bucket(caller, row, asked)
    behind = [one for one in every if after is None or one.starts_at < after.at]
    page = behind[:limit]
    following = Position(page[-1].starts_at, row.pk) if len(behind) > limit else None
    width = Unit(asked.resolution).width
    return [shapes.bucket(one, width=width) for one in page], following


def _every_bucket(caller: Caller, row: Watched, asked: Asked) -> list[buckets.Bucket]:
    return buckets.read(
        caller,
        row.pk,
        row.user_id,
        unit=Unit(asked.resolution),
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        now=asked.now,
    )


def _parts(caller: Caller, row: Watched, asked: Asked) -> Iterator[list[Json]]:
    """Yield the whole range, in parts that are read when they are wanted."""
    if asked.resolution is not Resolution.RAW:
        width = Unit(asked.resolution).width
        yield [shapes.bucket(one, width=width) for one in _every_bucket(caller, row, asked)]
        return
    within = Range(asked.starts_at, asked.ends_at)
    for checks in past_checks.every(caller, row.pk, row.user_id, within=within):
        yield [shapes.entry(check) for check in checks]


def _file_name(row: Watched, asked: Asked) -> str:
    # A service's name may hold anything; a header may not.
    service = re.sub(r"[^a-z0-9]+", "-", row.service).strip("-") or "integration"
    return f"health-{service}-{asked.starts_at:%Y-%m-%d}-{asked.resolution}.csv"


Page = Callable[[Caller, Watched, Asked, int, Position | None], tuple[list[Json], Position | None]]
PAGES: dict[Resolution, Page] = {
    Resolution.RAW: _checks,
    Resolution.HOUR: _buckets,
    Resolution.DAY: _buckets,
}
_OF_CHECKS = ("checkedAt", "status", "responseTimeMs", "errorCode", "errorMessage")
_OF_BUCKETS = (
    *("from", "to", "uptimePercent", "totalChecks", "healthyChecks", "degradedChecks"),
    *("unhealthyChecks", "p50ResponseTimeMs", "p95ResponseTimeMs"),
)
COLUMNS = {
    Resolution.RAW: _OF_CHECKS,
    Resolution.HOUR: _OF_BUCKETS,
    Resolution.DAY: _OF_BUCKETS,
}
