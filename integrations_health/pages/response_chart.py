"""Draw response times: the plot, the status below it, and the same as a table."""

from datetime import datetime, timedelta
from typing import Any

from integrations_health import charts, time_words
from integrations_health.charts import Scale, Value
from integrations_health.detail import Past
from integrations_health.pages.moments import Moments
from integrations_health.response_times import Bucket, Range
from integrations_health.status import Status

# Nearer to an edge a text that is centred on its tick would be cut.
_EDGE_PERCENT = 4
_MOST_TOLD = 5
_MOST_MARKS = 24
_DAY = timedelta(days=1)
_TEN_SECONDS_MS = 10_000


def draw(past: Past, *, range: Range, moments: Moments) -> dict[str, Any]:
    """Return what the chart's template shows."""
    window = past.window

    def middle(bucket: Bucket) -> datetime:
        return bucket.starts_at + window.bucket / 2

    p50 = [[Value(middle(each), each.p50 or 0.0) for each in run] for run in past.runs]
    p95 = [[Value(middle(each), each.p95 or 0.0) for each in run] for run in past.runs]
    measured = [one.value for run in p95 for one in run]
    scale = Scale(window.starts_at, window.ends_at, charts.top_of(measured))
    troubles = [one for one in past.stretches if one.status is not Status.HEALTHY]
    return {
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
        "is_empty": not measured,
        "levels": [
            {"label": _milliseconds(level.value, scale.top), "y": level.y}
            for level in charts.levels(scale)
        ],
        "p50": charts.path(p50, scale),
        "p95": charts.path(p95, scale),
        "bands": charts.bands(troubles, scale),
        "ribbon": charts.bands(past.stretches, scale),
        "marks": _marks(past, scale),
        "ticks": _ticks(scale, range, moments),
        "rows": [
            {
                "at": moments.at(bucket.starts_at),
                "bucket": bucket,
                "x": scale.percent(middle(bucket)),
            }
            for bucket in reversed(past.buckets)
        ],
        "told": _told(past),
    }


def _marks(past: Past, scale: Scale) -> list[tuple[Status, float]]:
    """Return where a status began; none where there are so many that they hide the lines."""
    begun = past.stretches[1:]
    if len(begun) > _MOST_MARKS:
        return []
    return [(stretch.status, round(scale.x(stretch.starts_at), 1)) for stretch in begun]


def _ticks(scale: Scale, range: Range, moments: Moments) -> list[dict[str, Any]]:
    found = charts.ticks(scale, step=range.tick, zone=moments.zone)
    is_in_days = range.tick >= _DAY
    return [
        {
            "percent": tick.percent,
            "anchor": _anchor(tick.percent),
            "label": time_words.day(tick.at, now=moments.now, zone=moments.zone)
            if is_in_days
            else f"{tick.at.astimezone(moments.zone):%H:%M}",
        }
        for tick in found
    ]


def _anchor(percent: float) -> str:
    if percent < _EDGE_PERCENT:
        return "start"
    return "end" if percent > 100 - _EDGE_PERCENT else "middle"


def _told(past: Past) -> str:
    """Return in words which status lasted how long, the newest first."""
    newest = past.stretches[: -_MOST_TOLD - 1 : -1]
    said = [
        f"{stretch.status} for {time_words.span(stretch.ends_at - stretch.starts_at)}"
        for stretch in newest
    ]
    return ", before that ".join(said)


def _milliseconds(value: float, top: float) -> str:
    return f"{value / 1000:g} s" if top >= _TEN_SECONDS_MS else f"{value:g} ms"
