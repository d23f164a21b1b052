"""Say how each cell of a bar looks, and what it is called."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from integrations_health import uptime
from integrations_health.status import Status
from integrations_health.time_words import span
from integrations_health.windows import HALF_HOUR, Span, Window, shares, without

_NOWHERE: dict[int, int] = {}


class Tone(StrEnum):
    """How a cell looks; one letter each, so that a bar is a word."""

    OK = "o"
    DEGRADED = "w"
    DOWN = "b"
    INCIDENT = "i"  # it worked, under an incident of its provider
    DOWN_IN_INCIDENT = "x"
    GAP = "g"  # nobody watched
    NONE = "n"  # nothing is known


# Looked up once: a page has 18,000 cells.
_SEEN, _UNSEEN = Tone.OK.value, Tone.NONE.value


class Segment(NamedTuple):
    """A time during which one status was observed without a break."""

    status: str
    start: datetime
    end: datetime


class Run(NamedTuple):
    """Checks in a row that saw one status: the first and the last of them."""

    status: str
    first: datetime
    last: datetime


class Cell(NamedTuple):
    """What is known of one cell, in seconds; `incidents` of the provider touched it."""

    observed: float
    down: float
    degraded: float
    unwatched: float
    incidents: int

    @property
    def tone(self) -> Tone:
        """How the cell looks."""
        if not self.observed:
            return Tone.GAP if self.unwatched else Tone.NONE
        if self.down:
            return Tone.DOWN_IN_INCIDENT if self.incidents else Tone.DOWN
        if self.incidents:
            return Tone.INCIDENT
        return Tone.DEGRADED if self.degraded else Tone.OK

    @property
    def note(self) -> str:
        """What its tone alone does not say, such as `98.2 %, 1 incident, 26 min down`."""
        said = []
        if self.observed:
            said.append(f"{uptime.percent(self.observed, self.down):g} %")
        if self.incidents:
            said.append("1 incident" if self.incidents == 1 else f"{self.incidents} incidents")
        if self.down:
            said.append(f"{span(timedelta(seconds=self.down))} down")
        if self.degraded:
            said.append(f"{span(timedelta(seconds=self.degraded))} degraded")
        if self.unwatched:
            said.append(f"not watched for {span(timedelta(seconds=self.unwatched))}")
        return ", ".join(said)


class Bar(NamedTuple):
    """A bar as it is drawn: its tones as one word, the notes by cell, and the uptime."""

    tones: str
    notes: dict[int, str]
    uptime: float | None


class Series:
    """The seconds observed, down and degraded of each cell of a window."""

    def __init__(self, window: Window) -> None:
        """Begin with nothing observed."""
        self.window = window
        self.observed = [0.0] * window.cells
        self.down = [0.0] * window.cells
        self.degraded = [0.0] * window.cells

    def put(
        self,
        cells: Sequence[int],
        *,
        observed: Sequence[float],
        down: Sequence[float],
        degraded: Sequence[float],
    ) -> None:
        """Take the sums of some cells, as roll-ups have them; of the others nothing is known."""
        for sums, seconds in (
            (self.observed, observed), (self.down, down), (self.degraded, degraded)
        ):  # fmt: skip
            if any(seconds):
                for index, value in zip(cells, seconds, strict=True):
                    sums[index] = value

    def add(self, segment: Segment, *, gaps: Sequence[Span] = ()) -> None:
        """Spread a segment over the cells that it touches, without the gaps."""
        if segment.status == Status.UNKNOWN:
            return
        sums = [self.observed]
        if segment.status == Status.UNHEALTHY:
            sums.append(self.down)
        elif segment.status == Status.DEGRADED:
            sums.append(self.degraded)
        for watched in without(gaps, Span(segment.start, segment.end)):
            for index, seconds in shares(self.window, watched):
                for each in sums:
                    each[index] += seconds

    def drawn(
        self, *, unwatched: Mapping[int, float] = _NOWHERE, incidents: Mapping[int, int] = _NOWHERE
    ) -> Bar:
        """Return the bar, given the seconds of gaps and the count of incidents by cell."""
        letters = [_SEEN if seconds else _UNSEEN for seconds in self.observed]
        notes: dict[int, str] = {}
        for index in self._remarkable(unwatched, incidents):
            cell = Cell(
                self.observed[index],
                self.down[index],
                self.degraded[index],
                unwatched.get(index, 0),
                incidents.get(index, 0),
            )
            letters[index] = cell.tone.value
            notes[index] = cell.note
        observed = sum(self.observed)
        share = uptime.percent(observed, sum(self.down)) if observed else None
        return Bar("".join(letters), notes, share)

    def _remarkable(
        self, unwatched: Mapping[int, float], incidents: Mapping[int, int]
    ) -> list[int]:
        found = {*unwatched, *incidents}
        for sums in (self.down, self.degraded):
            if any(sums):
                found.update(index for index, seconds in enumerate(sums) if seconds)
        return sorted(found)


def segments(runs: Sequence[Run], *, until: datetime, longest_silence: timedelta) -> list[Segment]:
    """Return what runs of checks with one status say, in order of time.

    A status lasts until the next check, but not beyond `longest_silence` nor beyond `until`.
    """
    following = [*(first for _, first, _ in runs[1:]), until]
    return [
        Segment(status, first, min(last + longest_silence, next_at, until))
        for (status, first, last), next_at in zip(runs, following, strict=True)
        if first < until
    ]


def labels(window: Window, *, zone: tzinfo) -> list[str]:
    """Return the name of each cell: `Aug 22`, or `14:00-14:30` in a person's time zone."""
    starts = [window.start + window.length * index for index in range(window.cells)]
    if window.is_in_days:
        return [f"{start:%b} {start.day}" for start in starts]
    local = [(start.astimezone(zone), (start + HALF_HOUR).astimezone(zone)) for start in starts]
    return [f"{start:%a %H:%M}\N{EN DASH}{end:%H:%M}" for start, end in local]
