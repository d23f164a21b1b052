"""Choose whose past, and which times of it, may make a rule fire.

Most integrations are healthy most of the time. The daily roll-ups tell on which days one was not,
and its health row whether it was so all the time since. Where there are more than can be read in
time, some are chosen: their ids are random, so the first of them stand for all.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from alerts import in_time
from alerts.rules import Condition, Rule
from integrations_health.models import RolledUpDay
from integrations_health.windows import Span

DAY = timedelta(days=1)
# Twice as many as were ever played within the patience of whoever waits.
MOST = 10_000

_SCOPE = """
    (%(service)s = '' OR i.service = %(service)s)
    AND (%(provider)s = '' OR i.provider = %(provider)s)
    AND (%(user_id)s::uuid IS NULL OR i.user_id = %(user_id)s)
"""
_ALL = f"""
SELECT i.id, '{{}}'::date[], true, (SELECT count(*) FROM user_integrations i WHERE {_SCOPE})
FROM user_integrations i WHERE {_SCOPE} ORDER BY i.id LIMIT %(most)s
"""
# A day was healthy throughout when every check left it so. And so was the time since an instant,
# when it is healthy now and became so before.
_TROUBLED = f"""
WITH days AS (
    SELECT integration_id, array_agg(day ORDER BY day) AS days FROM integration_health_daily
    WHERE day >= %(first_day)s AND day < %(not_rolled_up)s AND healthy_checks < checks
    GROUP BY integration_id
), lately AS (
    SELECT integration_id FROM integration_health_checks
    WHERE status <> 'healthy' OR status_since IS NULL OR status_since >= %(not_rolled_up)s
)
SELECT i.id, COALESCE(days.days, '{{}}'), lately.integration_id IS NOT NULL, count(*) OVER ()
FROM days FULL JOIN lately USING (integration_id)
JOIN user_integrations i ON i.id = integration_id
WHERE {_SCOPE} ORDER BY i.id LIMIT %(most)s
"""


class Candidate(NamedTuple):
    """An integration, and the times that must be read, oldest first and apart from each other.

    Between two of them everything was good for longer than a rule remembers.
    """

    id: UUID
    spans: list[Span]

    @property
    def length(self) -> timedelta:
        """How much time must be read."""
        return sum((span.end - span.start for span in self.spans), timedelta())


class Candidates(NamedTuple):
    """The integrations that may make a rule fire, the first `MOST` of `total` by their ids."""

    chosen: list[Candidate]
    total: int


def candidates(rule: Rule, whole: Span, *, patience: timedelta, most: int = MOST) -> Candidates:
    """Return the integrations in scope that may make the rule fire. At most three queries.

    Raises in_time.TooSlow when not even that is known within `patience`.
    """
    first_day = _day(whole.start)
    scope: dict[str, Any] = {
        "service": rule.service,
        "provider": rule.provider,
        "user_id": rule.user_id,
        "most": most,
    }
    if needs_trouble(rule):
        unsettled = _first_unsettled_day(first_day, _day(whole.end))
        days = {"first_day": first_day, "not_rolled_up": unsettled}
        try:
            found = in_time.rows(_TROUBLED, scope | days, within=patience)
            return _candidates(rule, found, whole, unsettled)
        except in_time.TooSlow:
            pass
    return _candidates(rule, in_time.rows(_ALL, scope, within=patience), whole, first_day)


def needs_trouble(rule: Rule) -> bool:
    """Say whether the rule fires only on what leaves an integration other than healthy."""
    # What takes longer than this is slow, and slow is degraded.
    return rule.condition is not Condition.RESPONSE_TIME or rule.threshold >= settings.SLOW_MS


def memory(rule: Rule) -> timedelta:
    """Return how long before a check something may matter to the rule."""
    return DAY + (rule.window if rule.condition is Condition.ERROR_RATE else timedelta())


def _first_unsettled_day(first: date, last: date) -> date:
    """Return the first day whose roll-up is missing or may still change, `last` at the latest."""
    days = RolledUpDay.objects.filter(day__gte=first, is_final=True)
    settled = set(days.values_list("day", flat=True))
    day = first
    while day in settled and day < last:
        day += DAY
    return day


def _candidates(
    rule: Rule, found: Sequence[tuple[Any, ...]], whole: Span, unsettled: date
) -> Candidates:
    chosen = [
        Candidate(id, _spans(rule, days, unsettled if was_lately else None, whole))
        for id, days, was_lately, _ in found
    ]
    return Candidates(chosen, found[0][-1] if found else 0)


def _spans(rule: Rule, days: Sequence[date], unsettled: date | None, whole: Span) -> list[Span]:
    """Return the troubled times, with those in which trouble begins and is forgotten."""
    troubled = [Span(_midnight(day), _midnight(day) + DAY) for day in days]
    if unsettled is not None:
        troubled.append(Span(_midnight(unsettled), whole.end))
    spans: list[Span] = []
    for start, end in troubled:
        span = Span(max(start - memory(rule), whole.start), min(end + memory(rule), whole.end))
        if spans and span.start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, span.end)
        else:
            spans.append(span)
    return spans


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=UTC)
