"""Response times as the chart's template is given them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from integrations_health.charts import Stretch
from integrations_health.detail import Past
from integrations_health.pages import response_chart
from integrations_health.pages.moments import Moments
from integrations_health.response_times import RANGES, Bucket
from integrations_health.status import Status

NOW = datetime(2031, 3, 14, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = Moments(now=NOW, zone=ZoneInfo("Europe/Berlin"))


def drawn(*measured: tuple[int, float], of: str = "24h", stretches: int = 1) -> dict[str, Any]:
    """Draw a bucket for each pair of hours ago and milliseconds, all in one run.

    The time is cut into as many stretches, healthy and unhealthy in turn.
    """
    window = RANGES[of].window(NOW)
    buckets = [Bucket(NOW - hours * HOUR, 3, time, time * 2) for hours, time in measured]
    length = (NOW - window.starts_at) / stretches
    past = Past(
        window=window,
        buckets=buckets,
        runs=[buckets] if buckets else [],
        stretches=[
            Stretch(
                Status.UNHEALTHY if number % 2 else Status.HEALTHY,
                window.starts_at + number * length,
                window.starts_at + (number + 1) * length,
            )
            for number in range(stretches)
        ],
    )
    return response_chart.draw(past, range=RANGES[of], moments=BERLIN)


def test_a_time_without_answers_is_empty() -> None:
    chart = drawn()

    assert chart["is_empty"]
    assert (chart["p50"], chart["p95"], chart["rows"]) == ("", "", [])


def test_the_grid_holds_the_slowest() -> None:
    assert [level["label"] for level in drawn((1, 100.0))["levels"]] == [
        "200 ms", "150 ms", "100 ms", "50 ms", "0 ms"
    ]  # fmt: skip


def test_long_times_are_told_in_seconds() -> None:
    assert drawn((1, 9_000.0))["levels"][0]["label"] == "20 s"


def test_the_table_has_what_is_drawn_the_newest_first() -> None:
    rows = drawn((20, 100.0), (1, 300.0))["rows"]

    assert [row["bucket"].p50 for row in rows] == [300.0, 100.0]
    assert all(0 < row["x"] < 100 for row in rows)
    assert rows[0]["x"] > rows[1]["x"]


@pytest.mark.parametrize(
    ("of", "labels"),
    [
        ("24h", ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]),
        ("1h", ["12:10", "12:20", "12:30", "12:40", "12:50", "13:00"]),
        ("7d", ["8 Mar", "9 Mar", "10 Mar", "11 Mar", "12 Mar", "13 Mar", "14 Mar"]),
    ],
)
def test_the_axis_is_in_the_readers_time(of: str, labels: list[str]) -> None:
    assert [tick["label"] for tick in drawn((0, 1.0), of=of)["ticks"]][-len(labels) :] == labels


def test_a_label_at_an_edge_is_not_cut() -> None:
    ticks = drawn((0, 1.0), of="1h")["ticks"]

    assert [tick["anchor"] for tick in ticks] == ["start", *["middle"] * 5, "end"]


def test_changes_are_marked_unless_they_would_hide_the_lines() -> None:
    assert [status for status, _ in drawn((1, 1.0), stretches=3)["marks"]] == [
        Status.UNHEALTHY, Status.HEALTHY
    ]  # fmt: skip
    assert drawn((1, 1.0), stretches=100)["marks"] == []


def test_status_is_told_in_words_the_newest_first() -> None:
    assert (
        drawn((1, 1.0), stretches=2)["told"] == "unhealthy for 12 h, before that healthy for 12 h"
    )
