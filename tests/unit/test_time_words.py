"""Instants and spans in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import time_words

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (26 * 60 + 5, "26 min"),
        (3600, "1 h"),
        (3 * 3600 + 600, "3 h 10 min"),
        (2 * 86_400 + 4 * 3600, "2 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_a_span_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert time_words.span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("instant", "at", "since", "on"),
    [
        (NOW - timedelta(minutes=28), "15:02", "since 15:02", "at 15:02"),
        (NOW - timedelta(days=1), "Mon 15:30", "since Monday 15:30", "on Monday"),
        (datetime(2026, 11, 3, 9, 14, tzinfo=UTC), "3 Nov", "since 3 Nov", "on 3 Nov"),
        (
            datetime(2025, 11, 3, 9, 14, tzinfo=UTC),
            "3 Nov 2025",
            "since 3 Nov 2025",
            "on 3 Nov 2025",
        ),
        # Late in the evening of UTC it is tomorrow in Berlin.
        (datetime(2026, 11, 23, 23, 10, tzinfo=UTC), "00:10", "since 00:10", "at 00:10"),
    ],
)
def test_an_instant_is_said_in_the_readers_zone(
    instant: datetime, at: str, since: str, on: str
) -> None:
    assert time_words.at(instant, now=NOW, zone=BERLIN) == at
    assert time_words.since(instant, now=NOW, zone=BERLIN) == since
    assert time_words.on(instant, now=NOW, zone=BERLIN) == on


def test_hovering_tells_utc_to_the_second() -> None:
    assert time_words.utc(NOW.astimezone(BERLIN)) == "2026-11-24 14:30:00 UTC"


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400)))
def test_a_span_never_claims_more_than_it_was(length: timedelta) -> None:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
    words = time_words.span(length).split()

    claimed = sum(int(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=True))

    assert claimed <= length.total_seconds()
