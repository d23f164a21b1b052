"""Count how the checks of the last minutes ended, of all integrations that are watched."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from integrations_health.outage_rules import (
    FAILING,
    REFUSED,
    UNANSWERED,
    WINDOWS,
    Cell,
    Scope,
    Tally,
)
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.status import Vote

# The condition on health rows `h` that a scope concerns them, and that they are watched.
IN_SCOPE = """
    h.enabled AND %(provider)s IN ('', h.provider) AND %(service)s IN ('', h.service)
"""
# What is said without anybody having answered.
_WITHOUT_AN_ANSWER = UNANSWERED | {Outcome.INTERNAL_ERROR, Outcome.PROBE_MISCONFIGURED}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
# Each integration has one row, and so one vote: its latest result. A result that was reused wrote
# none. The rows are read as they lie: an index by the instant would be written with every check.
_LATELY = """
SELECT provider, service, window_number, outcome, count(*), max(last_check_at)
FROM (
    SELECT h.provider, h.service, h.last_check_at, w.number AS window_number,
        -- No code: its last check was good. A code outlives checks that said nothing.
        CASE WHEN w.number IS NULL THEN '' WHEN h.error_code = '' THEN 'ok'
            ELSE h.metadata->>'outcome' END AS outcome
    FROM integration_health_checks h, LATERAL (SELECT CASE
        WHEN h.last_check_at > %(now)s - %(short)s THEN 0
        WHEN h.last_check_at > %(now)s - %(medium)s THEN 1
        WHEN h.last_check_at > %(now)s - %(long)s THEN 2
    END AS number) w
    WHERE h.enabled
) AS checked
GROUP BY provider, service, window_number, outcome
"""


class Count(NamedTuple):
    """How many of a service through a provider ended alike; the newest of these checks.

    `window` is the shortest that holds them, None for what was not checked within the longest.
    """

    provider: str
    service: str
    window: int | None
    outcome: str | None
    checks: int
    newest_at: datetime | None


def read(*, now: datetime) -> list[Cell]:
    """Return the population and its votes up to `now`. One statement, of every row."""
    short, medium, long = WINDOWS
    arguments: dict[str, Any] = {"now": now, "short": short, "medium": medium, "long": long}
    with connection.cursor() as cursor:
        cursor.execute(_LATELY, arguments)
        return cells(Count._make(row) for row in cursor.fetchall())


def users(scope: Scope) -> int:
    """Return how many people have something watched in a scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT h.user_id) FROM integration_health_checks h WHERE {IN_SCOPE}",
            scope._asdict(),
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def some_unasked(scope: Scope, *, count: int, now: datetime) -> list[UUID]:
    """Choose at random some of a scope that are not due and did not vote in the shortest window."""
    arguments: dict[str, Any] = {
        **scope._asdict(),
        "now": now,
        "window": WINDOWS[0],
        "count": count,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT h.integration_id FROM integration_health_checks h
            WHERE {IN_SCOPE} AND h.next_check_at > %(now)s
                AND (h.last_check_at IS NULL OR h.last_check_at <= %(now)s - %(window)s)
            ORDER BY random() LIMIT %(count)s
            """,
            arguments,
        )
        return [integration_id for (integration_id,) in cursor.fetchall()]


def cells(counts: Iterable[Count]) -> list[Cell]:
    """Return the counts as cells: each window holds the shorter ones."""
    found: dict[tuple[str, str], list[Count]] = defaultdict(list)
    for count in counts:
        found[count.provider, count.service].append(count)
    return [_cell(*of, mine) for of, mine in sorted(found.items())]


def _cell(provider: str, service: str, counts: list[Count]) -> Cell:
    tallies = [Tally() for _ in WINDOWS]
    answered: list[datetime] = []
    unanswered: list[datetime] = []
    for count in counts:
        outcome = _OUTCOMES.get(count.outcome or "")
        if count.window is None or outcome is None or count.newest_at is None:
            continue
        if outcome not in _WITHOUT_AN_ANSWER:
            answered.append(count.newest_at)
        elif outcome in UNANSWERED:
            unanswered.append(count.newest_at)
        vote = _vote(outcome, count.checks)
        for window in range(count.window, len(WINDOWS)):
            tallies[window] = tallies[window].and_also(vote)
    return Cell(
        provider,
        service,
        sum(count.checks for count in counts),
        tuple(tallies),
        max(answered, default=None),
        max(unanswered, default=None),
    )


def _vote(outcome: Outcome, count: int) -> Tally:
    if MEANINGS[outcome].vote is Vote.ABSTAINS:
        return Tally()
    return Tally(count, count if outcome in FAILING else 0, count if outcome in REFUSED else 0)
