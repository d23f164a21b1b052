"""Headers that tell how often we may ask are read; odd ones tell nothing."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health.outcomes import clamped_wait
from integrations_health.providers import limits
from integrations_health.providers.base import RateLimit

NOW = datetime(2026, 10, 21, 7, 28, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 7 ", timedelta(seconds=7)),
        ("1.5", timedelta(seconds=1.5)),
        ("0", timedelta()),
        ("-30", timedelta(seconds=-30)),
        ("Wed, 21 Oct 2026 07:30:00 GMT", timedelta(minutes=2)),
        ("Wed, 21 Oct 2026 07:00:00 GMT", timedelta(minutes=-28)),
        ("Wed, 21 Oct 2026 09:30:00 +0200", timedelta(minutes=2)),
        ("Tue, 01 Jan 9999 00:00:00 GMT", limits.FOREVER),
        ("9" * 400, limits.FOREVER),
        ("-" + "9" * 400, -limits.FOREVER),
        ("", None),
        (None, None),
        ("soon", None),
        ("1e3", None),
        ("\u0663\u0663", None),
        ("12 minutes", None),
        ("Wed, 99 Oct 2026 07:30:00 GMT", None),
        ("21 Oct 2026", None),
    ],
)
def test_retry_after_is_understood_as_it_came_or_not_at_all(
    text: str | None, wait: timedelta | None
) -> None:
    assert limits.retry_after(text, now=NOW) == wait


@given(text=st.text(max_size=50) | st.from_regex(r"\A[-+]?[0-9]{1,40}\Z"))
def test_whatever_retry_after_says_we_wait_between_a_minute_and_an_hour(text: str) -> None:
    wait = clamped_wait(limits.retry_after(text, now=NOW))

    assert wait is None or timedelta(seconds=60) <= wait <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (
            {"X-RateLimit": "2000", "X-RateLimit-Remaining": "7", "X-RateLimit-Window-Size": "60s"},
            RateLimit(limit=2000, remaining=7, window=timedelta(seconds=60)),
        ),
        (
            {"X-RateLimit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Window-Size": "10"},
            RateLimit(limit=20, remaining=0, window=timedelta(seconds=10)),
        ),
        (
            {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99"},
            RateLimit(limit=100, remaining=99, window=timedelta(seconds=60)),
        ),
        ({}, None),
        ({"X-RateLimit": "2000"}, None),
        ({"X-RateLimit": "0", "X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit": "many", "X-RateLimit-Remaining": "7"}, None),
        ({"X-RateLimit": "2000", "X-RateLimit-Remaining": "-1"}, None),
        ({"X-RateLimit": "9" * 40, "X-RateLimit-Remaining": "7"}, None),
        (
            {"X-RateLimit": "9", "X-RateLimit-Remaining": "7", "X-RateLimit-Window-Size": "0s"},
            None,
        ),
        (
            {"X-RateLimit": "9", "X-RateLimit-Remaining": "7", "X-RateLimit-Window-Size": "1h"},
            None,
        ),
    ],
)
def test_rate_limit_headers_are_understood_or_not_at_all(
    headers: dict[str, str], told: RateLimit | None
) -> None:
    assert limits.rate_limit(httpx.Headers(headers)) == told


@pytest.mark.parametrize(
    "date", ["Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 2026 09:28:00 +0200"]
)
def test_a_date_to_wait_for_is_held_against_the_providers_own_clock(date: str) -> None:
    assert limits.sent_at(httpx.Headers({"date": date})) == NOW


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"date": ""},
        {"date": "yesterday"},
        {"date": f"Mon, {10**20} Jan 2026 00:00:00 GMT"},
    ],
)
def test_a_provider_that_does_not_say_when_it_answered_answered_now(
    headers: dict[str, str],
) -> None:
    assert abs(limits.sent_at(httpx.Headers(headers)) - datetime.now(UTC)) < timedelta(minutes=1)
