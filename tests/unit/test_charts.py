"""The geometry of charts, over many made-up measurements, time zones and days."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import charts
from integrations_health.charts import HEIGHT, LEVELS, WIDTH, Scale, Stretch, Value
from integrations_health.response_times import RANGES
from integrations_health.status import Status

NOON = datetime(2031, 3, 14, 12, tzinfo=UTC)
DAY = Scale(NOON - timedelta(days=1), NOON, 400.0)
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
    "America/Havana", "Pacific/Apia", "America/Santiago", "Africa/Casablanca",
]  # fmt: skip
NUMBER = re.compile(r"-?\d+\.?\d*")

instants = st.datetimes(
    min_value=datetime(2011, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2035, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
values = st.floats(0, 1e9, allow_nan=False)
runs = st.lists(
    st.lists(
        st.builds(
            Value, st.integers(-60, 1500).map(lambda m: NOON - m * timedelta(minutes=1)), values
        ),
        max_size=8,
    ),
    max_size=5,
)


def places(path: str) -> list[tuple[float, float]]:
    numbers = [float(number) for number in NUMBER.findall(path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


@given(runs)
def test_a_line_stays_within_its_plot(runs: list[list[Value]]) -> None:
    scale = DAY._replace(top=charts.top_of(one.value for run in runs for one in run))

    drawn = places(charts.path(runs, scale))

    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn)


@given(runs)
def test_a_line_is_open_between_runs(runs: list[list[Value]]) -> None:
    assert charts.path(runs, DAY).count("M") == sum(1 for run in runs if run)


def test_nothing_measured_draws_nothing() -> None:
    assert charts.path([], DAY) == charts.path([[]], DAY) == ""


def test_a_value_that_stands_alone_is_a_dot() -> None:
    path = charts.path([[Value(NOON - timedelta(hours=12), 100.0)]], DAY)

    assert path == "M500.0 150.0L500.0 150.0"


def test_equal_values_are_a_level_line() -> None:
    run = [Value(NOON - timedelta(hours=hours), 100.0) for hours in (24, 12, 0)]

    assert {y for _, y in places(charts.path([run], DAY))} == {150.0}


@given(st.lists(values))
def test_the_grid_ends_above_every_value_in_whole_numbers(values: list[float]) -> None:
    top = charts.top_of(values)

    assert top >= max(values, default=0)
    assert top > 0
    assert (top / LEVELS).is_integer()


@given(st.floats(4, 1e9))
def test_the_grid_is_no_higher_than_it_must(value: float) -> None:
    assert charts.top_of([value]) <= max(2.5 * value, 2 * LEVELS)


@pytest.mark.parametrize(
    ("value", "top"), [(0, 4), (1, 4), (90, 100), (212, 400), (800, 800), (801, 1000), (6100, 8000)]
)
def test_levels_are_round(value: float, top: float) -> None:
    assert charts.top_of([value]) == top


def test_levels_are_evenly_apart_from_top_to_zero() -> None:
    assert charts.levels(DAY) == [(400, 0), (300, 50), (200, 100), (100, 150), (0, 200)]


@given(
    st.lists(st.tuples(st.integers(-2000, 2000), st.integers(0, 500)), max_size=10),
)
def test_a_band_is_seen_and_stays_within_its_plot(pieces: list[tuple[int, int]]) -> None:
    stretches = [
        Stretch(
            Status.UNHEALTHY,
            NOON + starts * timedelta(minutes=1),
            NOON + (starts + lasts) * timedelta(minutes=1),
        )
        for starts, lasts in pieces
    ]

    for band in charts.bands(stretches, DAY):
        assert band.width >= charts.THINNEST
        assert 0 <= band.x <= band.x + band.width <= WIDTH + 0.1


@given(instants, st.sampled_from(ZONES), st.sampled_from(list(RANGES.values())))
def test_ticks_are_round_local_times_in_order(now, zone, range) -> None:
    window = range.window(now)
    local = ZoneInfo(zone)

    ticks = charts.ticks(Scale(window.starts_at, window.ends_at, 1.0), step=range.tick, zone=local)

    walls = [tick.at.astimezone(local) for tick in ticks]
    assert [tick.percent for tick in ticks] == sorted({tick.percent for tick in ticks})
    assert all(0 <= tick.percent <= 100 for tick in ticks)
    assert len(ticks) >= 2
    if range.tick < timedelta(days=1):
        assert all(
            (wall.hour * 60 + wall.minute) % (range.tick / timedelta(minutes=1)) == 0
            for wall in walls
        )
    else:
        # A midnight that daylight saving skips is written where the day begins.
        assert len({wall.date() for wall in walls}) == len(walls)


def ticks_of_a_day(ends_at: datetime, zone: str) -> list[str]:
    scale = Scale(ends_at - timedelta(days=1), ends_at, 1.0)
    found = charts.ticks(scale, step=timedelta(hours=1), zone=ZoneInfo(zone))
    return [f"{tick.at.astimezone(ZoneInfo(zone)):%H:%M}" for tick in found]


def test_an_hour_that_daylight_saving_skips_has_no_tick() -> None:
    hours = ticks_of_a_day(datetime(2031, 3, 30, 12, tzinfo=UTC), "Europe/Berlin")

    assert "02:00" not in hours
    assert hours.count("03:00") == 1


def test_an_hour_that_comes_twice_has_one_tick() -> None:
    hours = ticks_of_a_day(datetime(2031, 10, 26, 12, tzinfo=UTC), "Europe/Berlin")

    assert hours.count("02:00") == 1
