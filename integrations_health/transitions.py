"""Read when an integration's status changed, and for how long each lasted."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from django.db import connection

from integrations_health.charts import Stretch
from integrations_health.history import LONGEST_SILENCE, TABLE
from integrations_health.models import Integration, MonitoringGap
from integrations_health.status import Status
from integrations_health.windows import Span, without

# More than anybody reads; a status that flaps at every check for days is drawn from the newest.
MOST = 500


class Turn(NamedTuple):
    """The first check of a status, or the first after a silence too long to vouch for anything.

    `before` and `before_at` are the check before it; None when it is the first that we kept.
    """

    at: datetime
    status: Status
    outcome: str
    before: Status | None
    before_at: datetime | None


class Change(NamedTuple):
    """A change of status, why, and how long the status before had lasted as far as we know."""

    at: datetime
    status: Status
    before: Status
    outcome: str
    lasted: timedelta | None


_TURNS = f"""
SELECT checked_at, status, outcome, before, before_at FROM (
    SELECT checked_at, status, outcome,
        lag(status) OVER in_order AS before, lag(checked_at) OVER in_order AS before_at
    FROM {TABLE}
    WHERE integration_id = %(integration_id)s AND user_id = %(user_id)s
        AND checked_at >= %(since)s AND checked_at < %(until)s
    WINDOW in_order AS (ORDER BY checked_at, id)
) AS checks
WHERE before IS DISTINCT FROM status OR checked_at - before_at > %(longest_silence)s
ORDER BY checked_at DESC LIMIT %(most)s
"""


def read(watched: Integration, *, since: datetime, until: datetime) -> list[Turn]:
    """Return the turns of a time, oldest first. One query."""
    arguments: dict[str, Any] = {
        "integration_id": watched.pk,
        "user_id": watched.user_id,
        # What was found shortly before speaks for the beginning.
        "since": since - LONGEST_SILENCE,
        "until": until,
        "longest_silence": LONGEST_SILENCE,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TURNS, arguments)
        rows = cursor.fetchall()
    return [
        Turn(at, Status(status), outcome, None if before is None else Status(before), before_at)
        for at, status, outcome, before, before_at in reversed(rows)
    ]


def gaps(*, since: datetime, until: datetime) -> list[Span]:
    """Return the times in which nobody watched, oldest first. One query."""
    rows = MonitoringGap.objects.filter(started_at__lt=until, ended_at__gt=since)
    return list(map(Span._make, rows.order_by("started_at").values_list("started_at", "ended_at")))


def changes(turns: Sequence[Turn]) -> list[Change]:
    """Return the changes of status, newest first."""
    found = []
    since: datetime | None = None
    for turn in turns:
        if turn.before is not None and turn.before is not turn.status:
            lasted = None if since is None else turn.at - since
            found.append(Change(turn.at, turn.status, turn.before, turn.outcome, lasted))
            since = turn.at
    return found[::-1]


def stretches(
    turns: Sequence[Turn],
    *,
    starts_at: datetime,
    ends_at: datetime,
    last_check_at: datetime | None,
    gaps: Sequence[Span] = (),
) -> list[Stretch]:
    """Return which status lasted when, oldest first and without a hole: unknown is one, too.

    A status lasts until the next check, two hours at most, and not through a gap.
    """
    known = [
        Stretch(stretch.status, *watched)
        for stretch in _known(turns, ends_at=ends_at, last_check_at=last_check_at)
        for watched in without(gaps, Span(stretch.starts_at, stretch.ends_at))
    ]
    return list(_joined(_filled(known, starts_at, ends_at)))


def _known(
    turns: Sequence[Turn], *, ends_at: datetime, last_check_at: datetime | None
) -> Iterator[Stretch]:
    if not turns:
        return
    first, last = turns[0], turns[-1]
    if first.before is not None and first.before_at is not None:
        # There are more turns than were read; of what came before only its last check is known.
        yield Stretch(first.before, first.before_at, _end(first))
    for turn, following in pairwise(turns):
        yield Stretch(turn.status, turn.at, _end(following))
    seen_at = max(last_check_at or last.at, last.at)
    yield Stretch(last.status, last.at, min(seen_at + LONGEST_SILENCE, ends_at))


def _end(following: Turn) -> datetime:
    assert following.before_at is not None
    return min(following.at, following.before_at + LONGEST_SILENCE)


def _filled(known: Iterable[Stretch], starts_at: datetime, ends_at: datetime) -> Iterator[Stretch]:
    reached = starts_at
    for stretch in known:
        begins, until = max(stretch.starts_at, reached), min(stretch.ends_at, ends_at)
        if begins >= until:
            continue
        if begins > reached:
            yield Stretch(Status.UNKNOWN, reached, begins)
        yield stretch._replace(starts_at=begins, ends_at=until)
        reached = until
    if reached < ends_at:
        yield Stretch(Status.UNKNOWN, reached, ends_at)


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    last: Stretch | None = None
    for stretch in stretches:
        if last is not None and last.status is stretch.status:
            last = last._replace(ends_at=stretch.ends_at)
            continue
        if last is not None:
            yield last
        last = stretch
    if last is not None:
        yield last
