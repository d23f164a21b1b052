"""The JSON shape of alerts, for REST and everything that shows them as JSON.

Plain functions, as in `integrations_health.shapes`: what is declared for the OpenAPI document
(`serializers`) is held to them by a test.
"""

from collections.abc import Sequence

from alerts import retelling
from alerts.retelling import Reader, Standing, Telling
from alerts.standing import Decided
from integrations_health.shapes import Json, cause, instant


def alert(one: Standing, reader: Reader) -> Json:
    """Return an alert as lists and single answers show it."""
    return {
        "id": str(one.id),
        "integrationId": str(one.integration_id),
        "userId": str(one.user_id),
        "service": one.service,
        "provider": one.provider,
        "type": one.alert_type,
        "severity": one.severity,
        "message": one.message,
        "errorCode": one.error_code or None,
        "cause": cause(one.error_code),
        "flapping": one.is_flapping,
        "since": instant(one.since),
        "openedAt": instant(one.opened_at),
        "escalatedAt": instant(one.escalated_at),
        "resolvedAt": instant(one.resolved_at),
        "sentAt": instant(one.sent_at),
        "telling": telling(retelling.telling(one, reader)),
        "next": retelling.outlook(one, reader) or None,
        "acknowledgement": acknowledgement(one, reader),
        "incidentId": None if one.incident_id is None else str(one.incident_id),
        "endsAlertId": None if one.recovers_id is None else str(one.recovers_id),
    }


def telling(said: Telling) -> Json:
    """Return whether somebody was told, when, or why not yet and until when."""
    return {
        "state": said.state.value,
        "says": f"{said.says}.",
        "at": instant(said.at),
        "until": instant(said.until),
    }


def acknowledgement(one: Standing, reader: Reader) -> Json | None:
    """Return who looks after an alert, and since when; None when nobody does."""
    if one.acknowledged_at is None:
        return None
    by = reader.who(one.acknowledged_by, one)
    # What staff note is for staff.
    may_read = reader.sees_everybody or by == "you"
    return {
        "at": instant(one.acknowledged_at),
        "by": by,
        "note": one.note or None if may_read else None,
    }


def alert_with_decisions(one: Standing, decided: Sequence[Decided], reader: Reader) -> Json:
    """Return an alert, everything said of who was told, and what was decided about it and why."""
    return {
        **alert(one, reader),
        "told": [telling(said) for said in retelling.lines(one, reader)],
        "decisions": [_decision(line, one, reader) for line in decided],
    }


def _decision(line: Decided, one: Standing, reader: Reader) -> Json:
    by = "engine" if _is_the_engines(line) else reader.who(line.by, one)
    says = retelling.decision(line.verdict, line.reason, by=line.by, alert=one, to=reader)
    return {"at": instant(line.at), "by": by, "verdict": line.verdict, "says": says}


def _is_the_engines(line: Decided) -> bool:
    # Whose account is gone has decided all the same.
    return line.by is None and line.verdict not in {"acknowledged", "unacknowledged"}
