"""Count how often a rule would have fired over the last thirty days, within a few seconds.

What is too much to read in time is sampled, and the answer says so.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from alerts import in_time, troubles
from alerts.rehearsal import Firings, Past, Player
from alerts.rules import Rule
from alerts.troubles import Candidate
from integrations_health.models import HealthHistory
from integrations_health.outcomes import Outcome
from integrations_health.status import Status
from integrations_health.windows import Span

LOOKS_BACK = timedelta(days=30)
PATIENCE = timedelta(seconds=5)
# About 30,000 checks, read and played in a fifth of a second.
READ_AT_ONCE = timedelta(days=100)

_CHECKS = """
SELECT r.place, h.checked_at, h.status, h.outcome, h.response_time_ms
FROM unnest(%(ids)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    WITH ORDINALITY AS r(id, starts_at, ends_at, place)
CROSS JOIN LATERAL (
    SELECT id, checked_at, status, outcome, response_time_ms FROM integration_health_history
    WHERE integration_id = r.id AND checked_at >= r.starts_at AND checked_at <= r.ends_at
) AS h
ORDER BY r.place, h.checked_at, h.id
"""
# Nothing bad happened between two troubled times; the first check then says that all is well again.
_FIRST_CHECKS = """
SELECT r.place, h.checked_at, h.status, h.outcome, h.response_time_ms
FROM unnest(%(ids)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    WITH ORDINALITY AS r(id, starts_at, ends_at, place)
CROSS JOIN LATERAL (
    SELECT checked_at, status, outcome, response_time_ms FROM integration_health_history
    WHERE integration_id = r.id AND checked_at > r.starts_at AND checked_at < r.ends_at
    ORDER BY checked_at, id LIMIT 1
) AS h
"""


class Hindsight(NamedTuple):
    """How often a rule would have fired, and at how many integrations.

    `looked_at` of the `candidates` were looked at: where these are not all, they were chosen at
    random and the numbers are multiplied accordingly. `since` is from when on there is history,
    None when there is none; `is_short` when that is not all of the thirty days.
    """

    fired: Firings
    integrations: int
    looked_at: int
    candidates: int
    since: datetime | None
    is_short: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether everything was looked at."""
        return self.looked_at == self.candidates


def look(
    rule: Rule,
    *,
    now: datetime,
    patience: timedelta = PATIENCE,
    read_at_once: timedelta = READ_AT_ONCE,
    clock: Callable[[], float] = time.monotonic,
) -> Hindsight | None:
    """Play the last thirty days to `rule` and count. Takes hardly longer than `patience`.

    None when not even a part could be looked at within it.
    """
    gives_up_at = clock() + patience.total_seconds()
    since = now - LOOKS_BACK
    begins = _history_begins()
    if begins is None:
        return Hindsight(Firings(), 0, 0, 0, None)
    total, integrations, looked_at = Firings(), 0, 0
    try:
        whole = Span(max(since - troubles.memory(rule), begins), now)
        found = troubles.candidates(rule, whole, patience=patience / 3)
        for portion in _portions(found.chosen, read_at_once):
            left = timedelta(seconds=gives_up_at - clock())
            if left <= timedelta():
                break
            counts = _play(rule, portion, since=since, now=now, within=left)
            total = sum(counts, total)
            integrations += sum(count.opened > 0 for count in counts)
            looked_at += len(portion)
    except in_time.TooSlow:
        if not looked_at:
            return None
    if found.total and not looked_at:
        return None
    factor = found.total / max(looked_at, 1)
    return Hindsight(
        Firings(round(total.opened * factor), round(total.told * factor)),
        round(integrations * factor),
        looked_at,
        found.total,
        max(begins, since),
        is_short=begins > since,
    )


def _portions(candidates: Sequence[Candidate], at_once: timedelta) -> Iterator[list[Candidate]]:
    portion: list[Candidate] = []
    length = timedelta()
    for candidate in candidates:
        portion.append(candidate)
        length += candidate.length
        if length >= at_once:
            yield portion
            portion, length = [], timedelta()
    if portion:
        yield portion


def _play(
    rule: Rule, portion: Sequence[Candidate], *, since: datetime, now: datetime, within: timedelta
) -> list[Firings]:
    times = [(candidate.id, span) for candidate in portion for span in candidate.spans]
    checks = _read(_CHECKS, times, within=within)
    gaps = [
        (candidate.id, Span(before.end, after.start))
        for candidate in portion
        for before, after in pairwise(candidate.spans)
    ]
    firsts = _read(_FIRST_CHECKS, gaps, within=within)
    counts = []
    for candidate in portion:
        player = Player(rule, settings.NOTIFICATION_GROUPING, since)
        for number, _ in enumerate(candidate.spans):
            if number:
                player.play(next(firsts))
                player.rest()
            player.play(next(checks))
        counts.append(player.finish(at=now))
    return counts


def _read(
    query: str, times: Sequence[tuple[UUID, Span]], *, within: timedelta
) -> Iterator[list[Past]]:
    """Yield the checks of each time, in this order. One query, none without times."""
    if not times:
        return
    arguments = {
        "ids": [id for id, _ in times],
        "starts": [span.start for _, span in times],
        "ends": [span.end for _, span in times],
    }
    found: dict[int, list[Past]] = defaultdict(list)
    for place, at, status, outcome, took in in_time.rows(query, arguments, within=within):
        found[place].append(Past(at, Status(status), Outcome(outcome), took))
    for place in range(1, len(times) + 1):
        yield found[place]


def _history_begins() -> datetime | None:
    # Its id grows with the time of a check, and has an index that covers everything.
    return HealthHistory.objects.order_by("id").values_list("checked_at", flat=True).first()
