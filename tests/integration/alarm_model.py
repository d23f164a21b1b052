"""What must happen to the alerts of one rule, told once more and as simply as can be."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts import flapping
from alerts.flapping import Unrest
from integrations_health.outcomes import Outcome

THRESHOLD = 2
COOLDOWN = timedelta(minutes=60)
GROUPING = timedelta(seconds=30)
HOUR = timedelta(hours=1)
MESSAGES_PER_HOUR = 3

Told = tuple[int, int, str]  # which integration, its how many-th alert, what of it


@dataclass
class Watch:
    """One integration, and its alert while one is open."""

    owner: int
    failures: int = 0
    streak: int = 0
    status: str = "healthy"
    unrest: Unrest | None = None
    last_check_at: datetime | None = None
    silenced_until: datetime | None = None
    cools_until: datetime | None = None
    count: int = 0
    is_open: bool = False
    is_told: bool = False
    is_critical: bool = False
    is_flapping: bool = False
    is_acknowledged: bool = False
    owes_escalation: bool = False
    code: str = ""
    was_in_incident: bool = False
    is_refused: bool = False  # our key, at the last check


@dataclass
class Model:
    """All integrations, the messages of their owners, and what was told."""

    watches: list[Watch]
    is_incident_open: bool = False
    incident_closed_at: datetime | None = None
    releases: dict[int, list[datetime]] = field(default_factory=dict)
    collecting: dict[int, datetime] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def check(self, which: int, outcome: Outcome, now: datetime) -> None:
        watch = self.watches[which]
        self.see(watch, outcome, now)
        if outcome is Outcome.KEY_REJECTED:
            return
        before, is_good = watch.status, outcome is Outcome.OK
        watch.failures = 0 if is_good else watch.failures + 1
        watch.streak = watch.streak + 1 if outcome is Outcome.SERVER_ERROR else 0
        if outcome is Outcome.SERVER_ERROR:
            is_down = watch.streak >= 3 or before == "unhealthy"
            watch.status = "unhealthy" if is_down else "degraded"
        else:
            watch.status = "healthy" if is_good else "degraded"
        if (before == "healthy") is not is_good:
            watch.unrest = flapping.after_change(watch.unrest, at=now)
        elif watch.unrest is not None:
            watch.unrest = flapping.settled(watch.unrest, at=now)
        self._judge(which, watch, outcome, now)

    def see(self, watch: Watch, outcome: Outcome, now: datetime) -> None:
        watch.last_check_at, watch.is_refused = now, outcome is Outcome.KEY_REJECTED

    def _judge(self, which: int, watch: Watch, outcome: Outcome, now: datetime) -> None:
        is_restless = watch.unrest is not None and watch.unrest.is_flapping
        if watch.is_open:
            watch.is_flapping = is_restless
            if watch.failures == 0 and not is_restless:
                self.end(which, now)
            elif watch.failures >= THRESHOLD:
                watch.code = outcome.value
                if watch.status == "unhealthy" and not watch.is_critical:
                    watch.is_critical = True
                    watch.owes_escalation = True
                    if watch.is_told:
                        self._try_to_tell(which, now)
        elif watch.failures >= THRESHOLD:
            watch.count += 1
            watch.is_open, watch.is_flapping, watch.code = True, is_restless, outcome.value
            watch.is_critical = watch.status == "unhealthy"
            self._try_to_tell(which, now)

    def end(self, which: int, now: datetime) -> None:
        watch = self.watches[which]
        if watch.is_told:
            self._message(which, "recovered", now)
        watch.is_open = watch.is_told = watch.is_critical = watch.is_flapping = False
        watch.is_acknowledged = watch.owes_escalation = watch.was_in_incident = False

    def look_again(self, now: datetime) -> None:
        for which, watch in enumerate(self.watches):
            if watch.is_flapping and watch.failures == 0:
                continue  # it works for now
            if watch.is_open and (not watch.is_told or watch.owes_escalation):
                self._try_to_tell(which, now)

    def _try_to_tell(self, which: int, now: datetime) -> None:
        watch = self.watches[which]
        is_cooling = watch.cools_until is not None and watch.cools_until > now
        if self._is_held_back(watch, now) or (not watch.is_told and is_cooling):
            return
        release = self._message(which, "escalated" if watch.is_told else "opened", now)
        watch.is_told, watch.owes_escalation = True, False
        # A message goes out when it has collected, or joined one that does so sooner.
        watch.cools_until = max(now + GROUPING, release) + COOLDOWN

    def _is_held_back(self, watch: Watch, now: datetime) -> bool:
        if watch.is_acknowledged:
            return True
        if watch.code == "permission" and self._is_hardly_the_owners():
            return True
        if watch.code == "server_error":
            if self.is_incident_open:
                watch.was_in_incident = True
                return True
            closed, seen = self.incident_closed_at, watch.last_check_at
            if watch.was_in_incident and closed is not None and (seen is None or seen < closed):
                return True
        return watch.silenced_until is not None and watch.silenced_until > now

    def _is_hardly_the_owners(self) -> bool:
        checked = [one for one in self.watches if one.last_check_at is not None]
        refused = sum(one.is_refused for one in checked)
        return refused >= max(min(2, len(checked)), 0.3 * len(checked))

    def _message(self, which: int, event: str, now: datetime) -> datetime:
        watch = self.watches[which]
        self.told.append((which, watch.count, event))
        if watch.owner not in self.collecting:
            released = sorted(self.releases.setdefault(watch.owner, []))
            full = released[-MESSAGES_PER_HOUR:] if len(released) >= MESSAGES_PER_HOUR else []
            release = max([now + GROUPING, *(first + HOUR for first in full[:1])])
            self.releases[watch.owner].append(release)
            self.collecting[watch.owner] = release
        return self.collecting[watch.owner]

    def send(self, now: datetime) -> None:
        self.collecting = {
            owner: release for owner, release in self.collecting.items() if release > now
        }
