"""The geometry of a chart over time: from values to what an SVG draws.

A plot is WIDTH by HEIGHT units, stretched to its place by the
browser; what carries text is placed in per cent, so that it is not stretched with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from math import ceil, floor, log10
from typing import NamedTuple

from integrations_health.status import Status

WIDTH, HEIGHT = 1000, 200
LEVELS = 4
# The thinnest band that is still seen: a short outage in a long month.
THINNEST = 3.0

_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_DAY = timedelta(days=1)


class Value(NamedTuple):
    """What was measured at an instant."""

    at: datetime
    value: float


class Stretch(NamedTuple):
    """A time in which a status lasted."""

    status: Status
    starts_at: datetime
    ends_at: datetime


class Band(NamedTuple):
    """A stretch as it is drawn."""

    status: Status
    x: float
    width: float


class Level(NamedTuple):
    """A horizontal line of the grid: the value that it stands for, and its height."""

    value: float
    y: float


class Tick(NamedTuple):
    """An instant written below the plot, and its place in per cent of the width."""

    at: datetime
    percent: float


class Scale(NamedTuple):
    """Where an instant and a value lie in the plot. The top is never zero."""

    starts_at: datetime
    ends_at: datetime
    top: float

    def x(self, at: datetime) -> float:
        """Return the place of an instant, within the plot."""
        share = (at - self.starts_at) / (self.ends_at - self.starts_at)
        return WIDTH * min(max(share, 0.0), 1.0)

    def y(self, value: float) -> float:
        """Return the height of a value, counted from above as SVG does, within the plot."""
        return HEIGHT * (1 - min(max(value / self.top, 0.0), 1.0))

    def percent(self, at: datetime) -> float:
        """Return the place of an instant in per cent of the width."""
        return round(100 * self.x(at) / WIDTH, 2)


def top_of(values: Iterable[float]) -> float:
    """Return the least value that ends a grid of round levels and that no value exceeds."""
    step = max(values, default=0.0) / LEVELS
    if step <= 0:
        return float(LEVELS)
    power: float = 10.0 ** floor(log10(step))
    nice = next((nice for nice in _NICE if nice * power >= step), _NICE[-1])
    # Whole numbers: a level of 2.5 ms says more than was measured.
    return float(ceil(nice * power) * LEVELS)


def levels(scale: Scale) -> list[Level]:
    """Return the lines of the grid, the highest first."""
    values = [scale.top * number / LEVELS for number in range(LEVELS, -1, -1)]
    return [Level(value, round(scale.y(value), 1)) for value in values]


def path(runs: Iterable[Sequence[Value]], scale: Scale) -> str:
    """Return the line through each run of values; between runs the line is open.

    A value that stands alone is a line without length, which a round end makes a dot.
    """
    return " ".join(_line(run, scale) for run in runs if run)


def bands(stretches: Iterable[Stretch], scale: Scale) -> list[Band]:
    """Return the stretches as bands, no band thinner than what is seen."""
    drawn = []
    for stretch in stretches:
        starts, ends = scale.x(stretch.starts_at), scale.x(stretch.ends_at)
        width = max(ends - starts, THINNEST)
        drawn.append(Band(stretch.status, round(min(starts, WIDTH - width), 1), round(width, 1)))
    return drawn


def ticks(scale: Scale, *, step: timedelta, zone: tzinfo) -> list[Tick]:
    """Return the round local times within the plot, `step` apart.

    A step is a part of a day, or whole days. A wall time that daylight saving skips has no tick,
    one that comes twice has one.
    """
    return [Tick(at, scale.percent(at)) for at in _round_times(scale, step, zone)]


def _line(run: Sequence[Value], scale: Scale) -> str:
    places = [f"{scale.x(one.at):.1f} {scale.y(one.value):.1f}" for one in run]
    # Drawn twice over the same place when it is alone.
    return "M" + "L".join(places if len(places) > 1 else places * 2)


def _round_times(scale: Scale, step: timedelta, zone: tzinfo) -> Iterator[datetime]:
    local_start = scale.starts_at.astimezone(zone)
    wall = datetime.combine(local_start.date(), time.min)
    while True:
        # Compared in UTC: within one zone Python compares the wall times.
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
        if instant > scale.ends_at:
            return
        shown = instant.astimezone(zone).replace(tzinfo=None)
        # A day whose midnight is skipped begins later; a day that a whole zone skips does not.
        is_real = shown == wall or (step >= _DAY and shown.date() == wall.date())
        if is_real and instant >= scale.starts_at:
            yield instant
        wall += step
