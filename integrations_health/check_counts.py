"""Count checks for ever, each once, whatever becomes of the workers that made them.

A batch counts its results in the transaction that records them: both stand, or neither. What was
counted is added to the totals now and then, in one statement, by whoever comes along.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection

from integrations_health.binary_sql import binary_cursor
from integrations_health.outcomes import Outcome

# The name under which all services are counted that have none of their own.
OTHER = "other"
# So that whoever gathers after a long while does not hold up a scrape.
MOST_GATHERED = 50_000

_NOTE = """
INSERT INTO check_counts (provider, service, outcome, checks)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::int[])
"""
# A name that a service has, or lost since, changes nothing of what was added before: no total ever
# falls. They are written in order, so that two who gather do not wait for each other crosswise.
_GATHER = """
WITH taken AS MATERIALIZED (
    SELECT id FROM check_counts LIMIT %(most)s FOR UPDATE SKIP LOCKED
), counted AS (
    DELETE FROM check_counts c USING taken WHERE c.id = taken.id
    RETURNING c.provider, c.service, c.outcome, c.checks
)
INSERT INTO check_totals (provider, service, outcome, checks)
SELECT provider, service, outcome, sum(checks)
FROM (
    SELECT provider, outcome, checks,
        CASE WHEN EXISTS (SELECT FROM recent_checks r WHERE r.service = counted.service)
            THEN service ELSE %(other)s END AS service
    FROM counted
) AS named
GROUP BY provider, service, outcome ORDER BY provider, service, outcome
ON CONFLICT (provider, service, outcome)
    DO UPDATE SET checks = check_totals.checks + EXCLUDED.checks
"""
_TOTALS = """
SELECT provider, service, outcome, checks FROM check_totals t
WHERE service = %(other)s OR EXISTS (SELECT FROM recent_checks r WHERE r.service = t.service)
ORDER BY provider, service, outcome
"""


class Total(NamedTuple):
    """How many checks of a service through a provider ever ended in an outcome."""

    provider: str
    service: str
    outcome: str
    checks: int


def note(checks: Iterable[tuple[str, str, Outcome]]) -> None:
    """Count checks: the provider, the service and the outcome of each. One statement.

    Within the transaction that records them.
    """
    counts = Counter(checks)
    if not counts:
        return
    providers, services, outcomes = zip(*counts, strict=True)
    # An enumeration would travel by its name.
    said = [outcome.value for outcome in outcomes]
    with binary_cursor() as cursor:
        cursor.execute(
            _NOTE, [list(providers), list(services), said, list(counts.values())], prepare=True
        )


def gather() -> None:
    """Add what was counted to the totals. One statement; any number of processes at once."""
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, {"most": MOST_GATHERED, "other": OTHER})


def totals() -> list[Total]:
    """Return the totals of all services that have a name of their own, and of the others."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"other": OTHER})
        return [Total._make(row) for row in cursor.fetchall()]
