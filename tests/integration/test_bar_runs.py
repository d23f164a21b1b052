"""The runs of one status, told in two ways that must agree."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_health import bar_runs
from integrations_health.bar_runs import Whom
from integrations_health.bars import Run
from integrations_health.history import LONGEST_SILENCE
from integrations_health.models import HealthHistory, Integration
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)
SINCE = NOW - timedelta(hours=26)

# Minutes between one check and the next: often, by the hour, and about the longest silence.
steps = st.one_of(st.integers(1, 70), st.integers(110, 130))
checks = st.lists(st.tuples(steps, st.sampled_from(["healthy"] * 8 + ["degraded", "unhealthy"])))


def runs_of(seen: list[tuple[datetime, str]]) -> list[Run]:
    """Return the runs, told by looking at each check beside the one before."""
    runs = [Run(status, at, at) for at, status in seen[:1]]
    for (before, _), (at, status) in pairwise(seen):
        if status == runs[-1].status and at - before <= LONGEST_SILENCE:
            runs[-1] = runs[-1]._replace(last=at)
        else:
            runs.append(Run(status, at, at))
    return runs


def write(watched: Integration, found: list[tuple[int, str]]) -> list[tuple[datetime, str]]:
    at, seen = SINCE, []
    for step, status in found:
        at += timedelta(minutes=step)
        if at <= NOW:
            factories.history(watched, checked_at=at, status=status)
            seen.append((at, status))
    return seen


@given(st.lists(checks, min_size=1, max_size=4))
def test_runs_are_those_that_each_check_beside_the_one_before_tells(
    histories: list[list[tuple[int, str]]],
) -> None:
    HealthHistory.objects.all().delete()
    expected: dict[UUID, list[Run]] = {}
    whom = Whom([], [])
    for history in histories:
        watched = factories.integration()
        whom.integrations.append(watched.pk)
        whom.owners.append(watched.user_id)
        if seen := write(watched, history):
            expected[watched.pk] = runs_of(seen)

    found = bar_runs.read(whom, since=SINCE, until=NOW)

    assert {id: list(past.runs) for id, past in found.items()} == expected


def test_response_times_count_from_when_they_are_asked_for() -> None:
    watched = factories.integration()
    whom = Whom([watched.pk], [watched.user_id])
    factories.history(watched, checked_at=NOW - timedelta(hours=25), response_time_ms=9_000)
    factories.history(watched, checked_at=NOW - timedelta(hours=1), response_time_ms=300)

    found = bar_runs.read(whom, since=SINCE, until=NOW, measured_from=NOW - timedelta(hours=24))

    assert found[watched.pk].p95_ms == 300
    assert bar_runs.read(whom, since=SINCE, until=NOW)[watched.pk].p95_ms is None


def test_a_time_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        bar_runs.read(Whom([], []), since=NOW - timedelta(hours=62), until=NOW)
