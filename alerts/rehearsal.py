"""How often a rule would have fired, had it been there: what one integration's past makes of it."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from alerts import flapping, rules
from alerts.flapping import Unrest
from alerts.rules import Condition, Rate, Rule, Severity, Verdict
from integrations_health.outcomes import MEANINGS, Observation, Outcome
from integrations_health.status import Status, Vote

_NOBODY = UUID(int=0)


class Past(NamedTuple):
    """One finished check, as the history keeps it."""

    at: datetime
    status: Status
    outcome: Outcome
    response_time_ms: int | None


class Firings(NamedTuple):
    """How many alerts would have opened, and of how many of them people would have been told."""

    opened: int = 0
    told: int = 0

    def __add__(self, other: object) -> "Firings":
        """Add what happened elsewhere."""
        if not isinstance(other, Firings):
            return NotImplemented
        return Firings(self.opened + other.opened, self.told + other.told)


NONE = Firings()


@dataclass
class Player:
    """Plays the past of one integration to a rule, check by check, as the engine heard it.

    Nobody acknowledges, silences or resolves anything, and no provider has an incident: these
    change who is told, and the preview says so. `grouping` is how long a message collects.
    """

    rule: Rule
    grouping: timedelta
    counts_from: datetime
    firings: Firings = NONE
    status: Status = Status.UNKNOWN
    failures: int = 0
    unrest: Unrest | None = None
    window: deque[tuple[datetime, bool]] = field(default_factory=deque)
    failed: int = 0  # within the window
    severity: Severity | None = None  # of the alert that is open
    opened_at: datetime | None = None
    is_told: bool = False
    cools_until: datetime | None = None

    def play(self, past: Iterable[Past]) -> None:
        """Take in checks, the oldest first."""
        for check in past:
            self._hear(self._observe(check))

    def rest(self) -> None:
        """Pass over a time without trouble, longer than anything is remembered."""
        # Whoever was not well when last seen was not checked meanwhile: nothing has changed.
        if self.status is Status.HEALTHY:
            self._end()
        self.window.clear()
        self.failed = 0

    def finish(self, *, at: datetime) -> Firings:
        """Return what was counted, up to `at`."""
        if not self._works_for_now(self.status):
            self._tell_by(at)
        return self.firings

    def _observe(self, check: Past) -> Observation:
        vote = MEANINGS[check.outcome].vote
        if vote is Vote.HEALTHY:
            self.failures = 0
        elif vote is not Vote.ABSTAINS:
            self.failures += 1
        old, self.status = self.status, check.status
        return Observation(
            _NOBODY,
            _NOBODY,
            "",
            old,
            check.status,
            check.outcome,
            vote,
            self.failures,
            check.response_time_ms,
            check.at,
        )

    def _hear(self, seen: Observation) -> None:
        rate = self._rate(seen)
        if not self._works_for_now(seen.old):
            self._tell_by(seen.at)
        self._count_unrest(seen)
        if seen.vote is Vote.ABSTAINS:
            return
        if self.severity is None:
            if rules.opens(self.rule, seen, rate=rate):
                self._open(seen)
            return
        verdict = rules.judge(self.rule, seen, rate=rate)
        if verdict is Verdict.ENDED and not self._is_restless:
            self._end()
        elif verdict is Verdict.HOLDS and seen.vote is not Vote.HEALTHY:
            self._worsen(seen)

    def _open(self, seen: Observation) -> None:
        self.severity, self.opened_at = rules.severity(self.rule, seen.new), seen.at
        if seen.at >= self.counts_from:
            self.firings += Firings(opened=1)
        self._tell_by(seen.at)

    def _worsen(self, seen: Observation) -> None:
        louder = rules.severity(self.rule, seen.new)
        if self.severity is None or not louder.is_louder_than(self.severity):
            return
        self.severity = louder
        # Whoever was not told yet will hear all of it at once.
        if self.is_told:
            self._cool_down(seen.at)

    def _end(self) -> None:
        self.severity, self.opened_at, self.is_told = None, None, False

    def _tell_by(self, at: datetime) -> None:
        """Tell of the open alert as soon as its cooldown is over, if that is by now."""
        if self.opened_at is None or self.is_told:
            return
        told_at = max(self.opened_at, self.cools_until or self.opened_at)
        if told_at > at:
            return
        self.is_told = True
        if told_at >= self.counts_from:
            self.firings += Firings(told=1)
        self._cool_down(told_at)

    def _cool_down(self, at: datetime) -> None:
        until = at + self.grouping + self.rule.cooldown
        self.cools_until = max(until, self.cools_until or until)

    def _count_unrest(self, seen: Observation) -> None:
        if flapping.is_change(seen):
            self.unrest = flapping.after_change(self.unrest, at=seen.at)
        elif self.unrest is not None:
            self.unrest = flapping.settled(self.unrest, at=seen.at)

    def _works_for_now(self, status: Status) -> bool:
        """Say whether it flaps and is up, with this status: nobody is told then."""
        is_over_at_once = self.rule.condition is Condition.CONSECUTIVE_FAILURES
        return is_over_at_once and self._is_restless and status is Status.HEALTHY

    @property
    def _is_restless(self) -> bool:
        return self.unrest is not None and self.unrest.is_flapping

    def _rate(self, seen: Observation) -> Rate:
        if self.rule.condition is not Condition.ERROR_RATE:
            return Rate()
        while self.window and self.window[0][0] <= seen.at - self.rule.window:
            self.failed -= self.window.popleft()[1]
        if seen.vote is not Vote.ABSTAINS:
            has_failed = seen.outcome not in rules.NO_FAILURES
            self.window.append((seen.at, has_failed))
            self.failed += has_failed
        return Rate(self.failed, len(self.window))
