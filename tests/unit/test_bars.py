"""The cells of a bar: no second is lost or counted twice, whatever clocks do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import bars, windows
from integrations_health.bars import Cell, Run, Segment, Series, Tone
from integrations_health.windows import HALF_HOUR, RANGES, Span

# Around changes of the clock in Berlin, New York and Lord Howe (which moves by half an hour).
CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
]
NOWS = st.builds(
    lambda about, seconds: about + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.one_of(st.integers(-90_000, 90_000), st.integers(-100_000_000, 100_000_000)),
)
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
).map(ZoneInfo)
NOW = datetime(2026, 11, 24, 14, 10, tzinfo=UTC)
STATUSES = st.sampled_from(["healthy", "degraded", "unhealthy", "unknown"])


@st.composite
def observed(draw: st.DrawFn) -> list[Segment]:
    """Segments in order of time, around the last day."""
    at = NOW - timedelta(hours=draw(st.integers(0, 40)))
    found = []
    for _ in range(draw(st.integers(0, 6))):
        start = at + timedelta(seconds=draw(st.integers(0, 20_000)))
        at = start + timedelta(seconds=draw(st.integers(1, 40_000)))
        found.append(Segment(draw(STATUSES), start, at))
    return found


@given(NOWS, st.sampled_from(RANGES))
def test_now_is_in_the_last_cell_of_every_range(now: datetime, range: str) -> None:
    window = windows.window(range, now=now)

    assert window.end - window.length <= now < window.end
    assert window.cells == {"24h": 48, "7d": 7, "30d": 30, "90d": 90}[range]


@given(NOWS, ZONES)
def test_half_hours_are_48_names_in_any_zone_on_any_day(now: datetime, zone: ZoneInfo) -> None:
    window = windows.window("24h", now=now)

    names = bars.labels(window, zone=zone)

    assert len(names) == 48
    assert window.length == HALF_HOUR
    last = (window.end - HALF_HOUR).astimezone(zone)
    assert names[-1].startswith(f"{last:%a %H:%M}")


@given(observed())
def test_no_second_is_lost_or_counted_twice(segments: list[Segment]) -> None:
    window = windows.window("24h", now=NOW)
    series = Series(window)

    for segment in segments:
        series.add(segment)

    within = [
        (min(one.end, window.end) - max(one.start, window.start)).total_seconds()
        for one in segments
        if one.status != "unknown"
    ]
    assert sum(series.observed) == pytest.approx(sum(seconds for seconds in within if seconds > 0))
    assert all(0 <= seconds <= 1800.001 for seconds in series.observed)
    assert all(
        down + degraded <= whole + 0.001
        for whole, down, degraded in zip(series.observed, series.down, series.degraded, strict=True)
    )


@given(observed(), st.integers(0, 86_000), st.integers(1, 20_000))
def test_a_gap_takes_away_exactly_what_it_covers(
    segments: list[Segment], begin: int, length: int
) -> None:
    window = windows.window("24h", now=NOW)
    gap = Span(
        window.start + timedelta(seconds=begin),
        window.start + timedelta(seconds=begin + length),
    )
    with_gap, without_gap = Series(window), Series(window)

    for segment in segments:
        with_gap.add(segment, gaps=[gap])
        without_gap.add(segment)

    covered = windows.covered(window, [gap])
    for index in range(window.cells):
        taken = without_gap.observed[index] - with_gap.observed[index]
        assert -0.001 <= taken <= covered.get(index, 0) + 0.001


@pytest.mark.parametrize(
    ("cell", "tone", "note"),
    [
        (Cell(86_400, 0, 0, 0, 0), Tone.OK, "100 %"),
        (Cell(86_400, 1560, 0, 0, 1), Tone.DOWN_IN_INCIDENT, "98.2 %, 1 incident, 26 min down"),
        (Cell(86_400, 0, 3600, 0, 0), Tone.DEGRADED, "100 %, 1 h degraded"),
        (Cell(86_400, 0, 60, 0, 2), Tone.INCIDENT, "100 %, 2 incidents, 1 min degraded"),
        (Cell(86_400, 1, 0, 0, 0), Tone.DOWN, "99.9 %, 1 s down"),
        (Cell(0, 0, 0, 7200, 0), Tone.GAP, "not watched for 2 h"),
        (Cell(0, 0, 0, 0, 0), Tone.NONE, ""),
    ],
)
def test_a_cell_looks_and_is_called_as_it_was(cell: Cell, tone: Tone, note: str) -> None:
    assert cell.tone is tone
    assert cell.note == note


def test_what_is_not_known_is_never_green() -> None:
    bar = Series(windows.window("90d", now=NOW)).drawn()

    assert bar.tones == "n" * 90
    assert bar.uptime is None


def test_a_status_lasts_to_the_next_check_but_not_beyond_the_longest_silence() -> None:
    at = NOW - 6 * timedelta(hours=1)
    runs = [
        Run("healthy", at, at + timedelta(minutes=10)),
        Run("unhealthy", at + timedelta(hours=4), at + timedelta(hours=5)),
    ]

    found = bars.segments(runs, until=NOW, longest_silence=timedelta(hours=2))

    assert [one.end - one.start for one in found] == [
        timedelta(hours=2, minutes=10),
        timedelta(hours=2),
    ]
