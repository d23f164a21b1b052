"""What the OpenAPI document says of each endpoint of alerts."""

from typing import Any

from drf_spectacular.types import OpenApiTypes

from alerts import serializers
from integrations_health import openapi
from integrations_health.api.document_parts import (
    CURSOR,
    ETAG,
    UNCHANGED,
    example,
    limit,
    query,
    said,
)

_HELD_BACK = {
    "state": "held_back",
    "says": "Not sent, because the same was told not long ago.",
    "at": None,
    "until": "2026-11-24T09:02:00.000Z",
}
ALERT = {
    "id": "4f6a0f8e-53c1-4f57-8a0e-6f0d1c1b7a21",
    "integrationId": "8d3f6c1e-3f0a-4c49-9a5b-6c2c2f0f6f01",
    "userId": "0b9f6f52-7d1c-4d1b-8a39-0f4f1b3f2c11",
    "service": "gmail",
    "provider": "composio",
    "type": "failure",
    "severity": "critical",
    "message": "Work mail has failed 3 times in a row. The connection expired or was revoked. "
    "Reconnect it.",
    "errorCode": "auth_expired",
    "cause": "user_grant",
    "flapping": False,
    "since": "2026-11-24T07:45:00.000Z",
    "openedAt": "2026-11-24T08:15:00.000Z",
    "escalatedAt": None,
    "resolvedAt": None,
    "sentAt": None,
    "telling": _HELD_BACK,
    "next": "If it is still so then, it is sent.",
    "acknowledgement": None,
    "incidentId": None,
    "endsAlertId": None,
}
_SHOWN = {
    **ALERT,
    "told": [_HELD_BACK],
    "decisions": [
        {
            "at": "2026-11-24T08:15:00.000Z",
            "by": "engine",
            "verdict": "held_back",
            "says": "Not sent: The same was told not long ago. Until 2026-11-24 09:02 UTC.",
        },
        {
            "at": "2026-11-24T08:15:00.000Z",
            "by": "engine",
            "verdict": "opened",
            "says": "A rule opened it.",
        },
    ],
}
_NOTE = "I reconnect it this afternoon."
_ACKNOWLEDGED = {
    **_SHOWN,
    "acknowledgement": {"at": "2026-11-24T08:20:00.000Z", "by": "you", "note": _NOTE},
}
# Not by its format: the page of the document has no field for a list of that.
_ID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
_IDS = {"type": "array", "items": _ID, "maxItems": 20}

LIST_ALERTS: dict[str, Any] = {
    "operation_id": "listAlerts",
    "parameters": [
        limit(200, 50),
        CURSOR,
        query("open", OpenApiTypes.BOOL, "False: what is over. Left out: both."),
        query("severity", OpenApiTypes.STR, "", many=True, enum=serializers.SEVERITIES),
        query("integrationId", _IDS, "Repeatable.", many=False),
        ETAG,
    ],
    "responses": {
        200: said(serializers.AlertPage, {"items": [ALERT], "nextCursor": None}, "A page."),
        304: UNCHANGED,
    },
}
SHOW_ALERT: dict[str, Any] = {
    "operation_id": "showAlert",
    "responses": {200: said(serializers.AlertWithDecisions, _SHOWN, "The alert.")},
}
ACKNOWLEDGE_ALERT: dict[str, Any] = {
    "operation_id": "acknowledgeAlert",
    "extensions": {openapi.ALSO: ["409"]},
    "request": serializers.NewAcknowledgement,
    "examples": [example({"note": _NOTE}, of_request=True)],
    "responses": {
        200: said(serializers.AlertWithDecisions, _ACKNOWLEDGED, "Somebody looks after it."),
    },
}
