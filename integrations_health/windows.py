"""The time that a bar shows, in cells of one length, and which cells another time touches.

Cells have equal lengths in UTC, so that no change of a clock makes one longer: days are UTC days,
like the roll-ups they come from.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
HALF_HOURS = DAY // HALF_HOUR
_HALF_HOURS = "24h"
_DAYS = {"7d": 7, "30d": 30, "90d": 90}
RANGES = (_HALF_HOURS, *_DAYS)
_EPOCH = datetime.fromtimestamp(0, UTC)


class Window(NamedTuple):
    """The time that a bar shows: so many cells of one length from an instant on."""

    range: str
    start: datetime
    length: timedelta
    cells: int

    @property
    def end(self) -> datetime:
        """The end of the last cell, which may lie ahead."""
        return self.start + self.length * self.cells

    @property
    def is_in_days(self) -> bool:
        """Whether the cells are days."""
        return self.length == DAY


class Span(NamedTuple):
    """A time from an instant to an instant."""

    start: datetime
    end: datetime


def window(range: str, *, now: datetime) -> Window:
    """Return the time that a range shows: the day or half-hour of `now` is its last cell."""
    if range == _HALF_HOURS:
        begun = HALF_HOUR * (now.timestamp() // HALF_HOUR.total_seconds())
        return Window(range, _EPOCH + begun + HALF_HOUR - DAY, HALF_HOUR, HALF_HOURS)
    today = datetime.combine(now.astimezone(UTC).date(), time.min, tzinfo=UTC)
    count = _DAYS[range]
    return Window(range, today - DAY * (count - 1), DAY, count)


def touched(window: Window, spans: Iterable[Span]) -> dict[int, int]:
    """Return how many of `spans` touch each cell that any of them touches."""
    counts: dict[int, int] = {}
    for one in spans:
        for index, _ in shares(window, one):
            counts[index] = counts.get(index, 0) + 1
    return counts


def covered(window: Window, spans: Iterable[Span]) -> dict[int, float]:
    """Return for how many seconds `spans`, which do not overlap, cover each cell they touch."""
    seconds: dict[int, float] = {}
    for one in spans:
        for index, share in shares(window, one):
            seconds[index] = seconds.get(index, 0) + share
    return seconds


def shares(window: Window, one: Span) -> Iterator[tuple[int, float]]:
    """Yield each cell that a span touches, with the seconds that it covers there."""
    length = window.length.total_seconds()
    start = max((one.start - window.start).total_seconds(), 0.0)
    end = min((one.end - window.start).total_seconds(), length * window.cells)
    index = int(start // length)
    while start < end:
        until = min((index + 1) * length, end)
        yield index, until - start
        start, index = until, index + 1


def without(gaps: Sequence[Span], whole: Span) -> Iterator[Span]:
    """Yield what is left of a span; `gaps` are in order of time and do not overlap."""
    start = whole.start
    for gap in gaps:
        if gap.end <= start or gap.start >= whole.end:
            continue
        if gap.start > start:
            yield Span(start, gap.start)
        start = gap.end
    if start < whole.end:
        yield Span(start, whole.end)
