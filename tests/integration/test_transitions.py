"""When a status changed and how long it lasted, read from real history."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import transitions
from integrations_health.charts import Stretch
from integrations_health.history import LONGEST_SILENCE
from integrations_health.models import Integration
from integrations_health.status import Status
from integrations_health.windows import Span
from tests import factories
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LETTERS = {"h": "healthy", "d": "degraded", "u": "unhealthy", "?": "unknown"}


def watched(statuses: str, *, every: timedelta = 5 * MINUTE) -> Integration:
    """Make an integration whose last check, an instant ago, ended a row of statuses."""
    made = factories.integration()
    for number, letter in enumerate(reversed(statuses)):
        factories.history(
            made, checked_at=NOW - MINUTE - number * every, status=LETTERS[letter],
            outcome="ok" if letter == "h" else "timeout",
        )  # fmt: skip
    return made


def read(of: Integration, *, span: timedelta = 30 * timedelta(days=1)) -> list[transitions.Turn]:
    return transitions.read(of, since=NOW - span, until=NOW)


def test_changes_are_told_newest_first_with_how_long_it_had_been_so() -> None:
    found = transitions.changes(read(watched("hhdduuh")))

    assert [(one.before, one.status, one.outcome, one.lasted) for one in found] == [
        ("unhealthy", "healthy", "ok", 10 * MINUTE),
        ("degraded", "unhealthy", "timeout", 10 * MINUTE),
        ("healthy", "degraded", "timeout", None),
    ]


@pytest.mark.parametrize("statuses", ["", "h", "hhhh", "uuuu"])
def test_what_stays_as_it_is_has_no_changes(statuses: str) -> None:
    assert transitions.changes(read(watched(statuses))) == []


def test_a_silence_is_no_change() -> None:
    assert transitions.changes(read(watched("hh", every=5 * HOUR))) == []


def test_what_another_user_was_told_is_not_read() -> None:
    made, stranger = factories.integration(), factories.user()
    factories.history(made, checked_at=NOW - MINUTE, user_id=stranger.pk)

    assert read(made) == []


def stretches(of: Integration, *, gaps: list[Span] | None = None) -> list[tuple[str, float, float]]:
    """Return the stretches of the last day: status, and hours ago from and until."""
    found = transitions.stretches(
        read(of, span=timedelta(days=1)),
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW,
        last_check_at=NOW - MINUTE,
        gaps=gaps or [],
    )
    return [
        (one.status.value, (NOW - one.starts_at) / HOUR, (NOW - one.ends_at) / HOUR)
        for one in found
    ]


def test_a_status_lasts_until_the_next_check_and_two_hours_at_most() -> None:
    found = stretches(watched("hud", every=5 * HOUR))

    ago = MINUTE / HOUR
    assert found == [
        ("unknown", 24, 10 + ago),
        ("healthy", 10 + ago, 8 + ago),
        ("unknown", 8 + ago, 5 + ago),
        ("unhealthy", 5 + ago, 3 + ago),
        ("unknown", 3 + ago, ago),
        ("degraded", ago, 0),
    ]


def test_the_last_check_before_a_time_speaks_for_its_beginning() -> None:
    assert stretches(watched("h" * 40, every=HOUR)) == [("healthy", 24, 0)]


def test_a_time_that_nobody_watched_is_unknown() -> None:
    gap = Span(NOW - 6 * HOUR, NOW - 4 * HOUR)

    assert stretches(watched("h" * 30, every=HOUR), gaps=[gap]) == [
        ("healthy", 24, 6),
        ("unknown", 6, 4),
        ("healthy", 4, 0),
    ]


def test_nothing_is_known_of_what_was_never_checked() -> None:
    assert transitions.stretches([], starts_at=NOW - HOUR, ends_at=NOW, last_check_at=None) == [
        Stretch(Status.UNKNOWN, NOW - HOUR, NOW)
    ]


def test_gaps_are_read_where_they_touch_the_time() -> None:
    factories.gap(started_at=NOW - 9 * HOUR, ended_at=NOW - 8 * HOUR)
    factories.gap(started_at=NOW - 5 * HOUR, ended_at=NOW - 3 * HOUR)

    assert transitions.gaps(since=NOW - 4 * HOUR, until=NOW) == [(NOW - 5 * HOUR, NOW - 3 * HOUR)]


minutes = st.integers(0, 1500)
check_lists = st.lists(st.tuples(minutes, st.sampled_from(list(LETTERS.values()))), max_size=12)
gap_lists = st.lists(st.tuples(minutes, st.integers(1, 300)), max_size=4)


@given(
    st.lists(st.tuples(minutes, st.sampled_from(list(LETTERS.values()))), max_size=12), gap_lists
)
def test_stretches_agree_with_a_count_of_minute_by_minute(
    checks: list[tuple[int, str]], gaps: list[tuple[int, int]]
) -> None:
    made = factories.integration()
    by_minute = dict(checks)
    start = NOW - 1440 * MINUTE
    for minute, status in by_minute.items():
        factories.history(made, checked_at=NOW - minute * MINUTE - MINUTE / 2, status=status)
    unwatched = sorted(Span(NOW - (m + n) * MINUTE, NOW - m * MINUTE) for m, n in gaps)

    found = transitions.stretches(
        transitions.read(made, since=start, until=NOW),
        starts_at=start,
        ends_at=NOW,
        last_check_at=max((NOW - m * MINUTE - MINUTE / 2 for m in by_minute), default=None),
        gaps=unwatched,
    )

    assert found[0].starts_at == start
    assert found[-1].ends_at == NOW
    assert all(a.ends_at == b.starts_at for a, b in pairwise(found))
    for minute in range(1440):
        at = NOW - minute * MINUTE - MINUTE / 4
        past = [(m, s) for m, s in by_minute.items() if m * MINUTE + MINUTE / 2 >= NOW - at]
        newest = min(past, default=None)
        expected = "unknown"
        if newest and at - (NOW - newest[0] * MINUTE - MINUTE / 2) < LONGEST_SILENCE:
            expected = newest[1]
        if any(gap.start <= at < gap.end for gap in unwatched):
            expected = "unknown"
        shown = next(one for one in found if one.starts_at <= at < one.ends_at)
        assert shown.status == expected
