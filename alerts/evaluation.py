"""What results change about alerts: decided on values and rows in memory."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from alerts import rules, words
from alerts.decisions import Line, Verdict
from alerts.models import Alert
from alerts.rules import AlertType, Rate, Rule, Severity
from alerts.sight import Watched
from alerts.telling import Owed
from integrations_health import reauth_rules
from integrations_health.outcomes import Cause, Observation
from integrations_health.status import Status, Vote

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """All that a verdict depends on, by id; alerts and rates by (rule, integration)."""

    rules: Mapping[UUID, Rule]
    watched: Mapping[UUID, Watched]
    open_alerts: Mapping[Pair, Alert]
    rates: Mapping[Pair, Rate]
    restless: Collection[UUID]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What is to be written: rows that are new, rows that changed, what is owed, what to note."""

    new: list[Alert] = field(default_factory=list)
    changed: list[Alert] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


def evaluate(observations: Iterable[Observation], scene: Scene) -> Changes:
    """Let every rule judge what was seen of the integrations in its scope."""
    changes = Changes()
    for seen in observations:
        watched = scene.watched.get(seen.integration_id)
        if watched is None:
            continue
        for rule in scene.rules.values():
            alert = scene.open_alerts.get((rule.id, watched.id))
            if alert is not None:
                _follow(alert, rule, watched, seen, scene, changes)
            elif _is_due(rule, watched):
                _open(rule, watched, seen, scene, changes)
    return changes


def _is_due(rule: Rule, watched: Watched) -> bool:
    return (
        rule.is_enabled
        and watched.is_enabled
        and rule.covers(service=watched.service, provider=watched.provider, user_id=watched.user_id)
    )


def _open(rule: Rule, watched: Watched, seen: Observation, scene: Scene, changes: Changes) -> None:
    rate = scene.rates.get((rule.id, watched.id), Rate())
    if not rules.opens(rule, seen, rate=rate):
        return
    alert = _new(
        integration_id=watched.id,
        user_id=watched.user_id,
        rule_id=rule.id,
        alert_type=rules.alert_type(seen.new).value,
        severity=rules.severity(rule, seen.new).value,
        message=words.opened(_called(watched), rule, seen, rate=rate),
        error_code=_code(seen),
        is_flapping=watched.id in scene.restless,
        created_at=scene.now,
    )
    changes.new.append(alert)
    changes.owed.append(Owed(alert, rule, watched))
    why = f"Opened by the rule “{rule.name}”: {alert.message}"
    changes.lines.append(Line(alert.id, Verdict.OPENED, why))
    if alert.is_flapping:
        changes.lines.append(_unrest(alert))


def _follow(
    alert: Alert,
    rule: Rule,
    watched: Watched,
    seen: Observation,
    scene: Scene,
    changes: Changes,
) -> None:
    rate = scene.rates.get((rule.id, watched.id), Rate())
    verdict = rules.judge(rule, seen, rate=rate)
    before = _as_written(alert)
    is_restless = watched.id in scene.restless
    if is_restless is not alert.is_flapping:
        alert.is_flapping = is_restless
        changes.lines.append(_unrest(alert))
    if verdict is rules.Verdict.ENDED and not is_restless:
        changes.new.append(_end(alert, watched, now=scene.now))
        changes.ended.append(alert)
        changes.lines.append(Line(alert.pk, Verdict.RESOLVED, _farewell(alert)))
    elif verdict is rules.Verdict.HOLDS and seen.vote is not Vote.HEALTHY:
        _worsen(alert, rule, watched, seen, rate, scene, changes)
    if _as_written(alert) != before:
        changes.changed.append(alert)


def _end(alert: Alert, watched: Watched, *, now: datetime) -> Alert:
    """Resolve `alert` in memory and return its all-clear, a row of its own."""
    # A transaction that waited for a lock is younger than its own clock says.
    alert.resolved_at = max(now, alert.created_at)
    called = _called(watched)
    return _new(
        integration_id=watched.id,
        user_id=watched.user_id,
        rule_id=alert.rule_id,
        recovers_id=alert.pk,
        alert_type=AlertType.RECOVERED.value,
        severity=Severity.INFO.value,
        message=words.recovered(called, after=alert.resolved_at - alert.since),
        resolved_at=alert.resolved_at,
        created_at=alert.resolved_at,
    )


def _worsen(
    alert: Alert,
    rule: Rule,
    watched: Watched,
    seen: Observation,
    rate: Rate,
    scene: Scene,
    changes: Changes,
) -> None:
    louder = rules.severity(rule, seen.new)
    is_louder = louder.is_louder_than(alert.severity)
    turns_to_owner = alert.escalated_at is None and _turns_to_owner(alert, seen)
    if rules.alert_type(seen.new) is AlertType.FAILURE:
        alert.alert_type = AlertType.FAILURE.value
    if is_louder or (alert.error_code != _code(seen) and not _stands(alert, seen)):
        alert.error_code = _code(seen)
        alert.message = words.opened(_called(watched), rule, seen, rate=rate)
    if not is_louder and not turns_to_owner:
        return
    now = "its owner's to mend"
    if is_louder:
        alert.severity = now = louder.value
    alert.escalated_at = max(scene.now, alert.created_at)
    changes.lines.append(Line(alert.pk, Verdict.ESCALATED, f"Now {now}: {alert.message}"))
    # Whoever was not told yet will hear all of it at once; and nobody hears it twice.
    if alert.told_at is not None and alert.escalation_told_at is None:
        changes.owed.append(Owed(alert, rule, watched))


def _turns_to_owner(alert: Alert, seen: Observation) -> bool:
    """Say whether it is sure by now that only the owner can mend what they were told to wait for.

    While it is not down it may still become louder, which says so, too.
    """
    is_sure = seen.new is Status.UNHEALTHY and seen.is_sure
    is_owners = reauth_rules.is_owners(seen.outcome.value)
    return is_sure and is_owners and not reauth_rules.is_owners(alert.error_code)


def _stands(alert: Alert, seen: Observation) -> bool:
    """Say whether what an alert says outlives a check: a dead grant that now times out is dead."""
    if alert.told_at is not None and not seen.is_sure:
        # Who was told something else hears of a dead grant when it is sure.
        return True
    is_still_down = seen.old is Status.UNHEALTHY and seen.vote is Vote.FAILING
    return is_still_down and reauth_rules.CAUSES.get(alert.error_code) is Cause.USER_GRANT


def _new(**values: object) -> Alert:
    """Return an unsaved alert. Given by their places, its values are set in a third of the time."""
    placed = _BLANK | {"id": uuid4()} | values
    return Alert(*placed.values())  # type: ignore[misc]  # it takes all of them for the first


def _unrest(alert: Alert) -> Line:
    why = (
        "It fails and recovers again and again: it stays one alert until that ends."
        if alert.is_flapping
        else "It no longer fails and recovers again and again."
    )
    return Line(alert.pk, Verdict.FLAPPING, why)


def _farewell(alert: Alert) -> str:
    if alert.told_at is None:
        return "It works again. Nobody was told of it, so nobody hears of its end."
    return "It works again. Whoever was told of it hears so."


def _as_written(alert: Alert) -> tuple[object, ...]:
    return tuple(getattr(alert, name) for name in WRITTEN)


def _called(watched: Watched) -> str:
    return words.name(
        display_name=watched.display_name, service=watched.service, provider=watched.provider
    )


def _code(seen: Observation) -> str:
    # A good answer that was too slow for the rule is slow.
    return "slow" if seen.vote is Vote.HEALTHY else seen.outcome.value


_BLANK = {field.attname: field.get_default() for field in Alert._meta.concrete_fields}
# What a result may change of an open alert.
WRITTEN = (
    "alert_type",
    "severity",
    "message",
    "error_code",
    "is_flapping",
    "escalated_at",
    "resolved_at",
)
