"""Open, escalate, acknowledge and resolve alerts: the only writer of what they say."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from alerts import decisions, evaluation, flaps, notices, sight, telling
from alerts.decisions import Verdict
from alerts.evaluation import Changes, Scene
from alerts.models import Alert
from integrations_health import clock, unnest
from integrations_health.models import User
from integrations_health.outcomes import Observation

_NEW = (
    "id",
    "integration",
    "user",
    "rule",
    "recovers",
    "alert_type",
    "severity",
    "message",
    "error_code",
    "is_flapping",
    "began_at",
    "resolved_at",
    "created_at",
    *telling.WRITTEN,
)


def follow(observations: Sequence[Observation], *, now: datetime | None = None) -> None:
    """Open, escalate and resolve alerts by what was seen, and plan the messages about it.

    Runs in the transaction that recorded what was seen and holds the locks of its health rows.
    One statement when all is well; about sixteen otherwise, whatever the number of rows. `now`
    replaces the database's clock in tests.
    """
    if not observations:
        return
    glance = sight.glance([seen.integration_id for seen in observations], now=now)
    concerned = [seen for seen in observations if glance.concerns(seen)]
    if concerned:
        changes = evaluation.evaluate(concerned, _scene(concerned, glance))
        _write(changes, now=glance.now)
    # Last, since it writes messages: alerts are locked before any of these.
    notices.follow(observations, now=glance.now)


def acknowledge(
    alert_ids: Collection[UUID], *, by: User, note: str = "", now: datetime | None = None
) -> list[UUID]:
    """Note that `by` looks after these alerts; return those that nobody did before.

    Idempotent: who was first stays. Resolved alerts are passed over, and what is too long of a
    note is cut. One statement.
    """
    return _by_hand(
        alert_ids,
        where="acknowledged_at IS NULL",
        write="acknowledged_at = GREATEST(a.created_at, n.at), acknowledged_by_id = %(by)s,"
        " acknowledgement_note = %(note)s",
        verdict=Verdict.ACKNOWLEDGED,
        reason=note or "Somebody looks after it.",
        by=by,
        note=note,
        now=now,
    )


def unacknowledge(
    alert_ids: Collection[UUID], *, by: User, now: datetime | None = None
) -> list[UUID]:
    """Note that nobody looks after these alerts any more; return those that somebody did.

    What was held back for that reason is told with the next look. One statement.
    """
    return _by_hand(
        alert_ids,
        where="acknowledged_at IS NOT NULL",
        write="acknowledged_at = NULL, acknowledged_by_id = NULL, acknowledgement_note = ''",
        verdict=Verdict.UNACKNOWLEDGED,
        reason="Nobody looks after it any more.",
        by=by,
        note="",
        now=now,
    )


@transaction.atomic
def resolve(alert_ids: Collection[UUID], *, by: User, now: datetime | None = None) -> list[UUID]:
    """Resolve open alerts by hand, and tell so whoever was told of them; return which.

    What still fails opens a new alert at its next check. Four statements at most.
    """
    at = now or clock.now()
    resolved = _by_hand(
        alert_ids,
        where="true",
        write="resolved_at = GREATEST(a.created_at, n.at), resolved_by_id = %(by)s",
        verdict=Verdict.RESOLVED,
        reason="Resolved by hand.",
        by=by,
        note="",
        now=at,
    )
    telling.tell_of_end(resolved, now=at)
    return resolved


def _by_hand(
    alert_ids: Collection[UUID],
    *,
    where: str,
    write: str,
    verdict: Verdict,
    reason: str,
    by: User,
    note: str,
    now: datetime | None,
) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH n AS (SELECT COALESCE(%(now)s, now()) AS at),
            locked AS (
                SELECT id FROM health_check_alerts
                WHERE id = ANY(%(ids)s) AND resolved_at IS NULL AND {where}
                -- Ordered: two that lock the same alerts must not lock them crosswise.
                ORDER BY id FOR UPDATE
            ),
            changed AS (
                UPDATE health_check_alerts a SET {write}
                FROM locked, n WHERE a.id = locked.id RETURNING a.id
            ),
            noted AS (
                INSERT INTO alert_decisions (alert_id, verdict, reason, actor_id, at)
                SELECT changed.id, %(verdict)s, %(reason)s, %(by)s, n.at FROM changed, n
            )
            SELECT id FROM changed ORDER BY id
            """,
            {
                "ids": list(alert_ids),
                "by": by.pk,
                "note": note[: decisions.LONGEST_REASON],
                "now": now,
                "verdict": verdict.value,
                "reason": reason[: decisions.LONGEST_REASON],
            },
        )
        return [row[0] for row in cursor.fetchall()]


def _scene(concerned: Sequence[Observation], glance: sight.Glance) -> Scene:
    ids = [seen.integration_id for seen in concerned]
    watched = sight.watched(ids)
    restless = flaps.follow(concerned, watched)
    rules = sight.rules()
    return Scene(
        rules=rules,
        watched=watched,
        open_alerts={
            (alert.rule_id, alert.integration_id): alert
            for alert in _open_alerts(glance.with_open_alert.intersection(ids))
            if alert.rule_id
        },
        rates=sight.rates(rules, ids, now=glance.now),
        restless=restless,
        now=glance.now,
    )


def _open_alerts(integration_ids: Collection[UUID]) -> Iterable[Alert]:
    """Return the open alerts of integrations that were seen to have some.

    Since then none has opened: who opens one holds the health row, as whoever asks here does.
    """
    if not integration_ids:
        return ()
    return locked(Alert.objects.filter(integration_id__in=integration_ids, resolved_at=None))


def _write(changes: Changes, *, now: datetime) -> None:
    if changes.owed or changes.ended:
        changes.lines.extend(telling.tell(changes.owed, ended=changes.ended, now=now))
    # Items that refer to these rows are held against them at the very end.
    if changes.new:
        opened = [alert for alert in changes.new if alert.recovers_id is None]
        began = sight.began({alert.integration_id for alert in opened}, now=now)
        for alert in opened:
            at = began.get(alert.integration_id)
            # A check is timed by another clock than an alert.
            alert.began_at = None if at is None else min(at, alert.created_at)
        unnest.insert(changes.new, columns=_NEW, may_be_there=False)
    if changes.changed:
        unnest.update(changes.changed, columns=[*evaluation.WRITTEN, *telling.WRITTEN])
    decisions.append(changes.lines, at=now)


def locked(alerts: QuerySet[Alert], *, skip: bool = False) -> QuerySet[Alert]:
    """Return the alerts locked in the order of their ids, with the incidents that hold them."""
    ordered = alerts.select_related("incident").order_by("pk")
    return ordered.select_for_update(of=("self",), skip_locked=skip)
