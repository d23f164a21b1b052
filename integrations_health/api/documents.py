"""What the OpenAPI document says of each endpoint."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
)

from alerts.api.documents import ALERT
from alerts.serializers import Alert
from integrations_health import openapi, serializers
from integrations_health.api.document_parts import (
    CURSOR,
    ETAG,
    NAME,
    UNCHANGED,
    USER,
    example,
    limit,
    query,
    said,
)
from integrations_health.problems import MEDIA_TYPE

_INTEGRATION = "8d3f6c1e-3f0a-4c49-9a5b-6c2c2f0f6f01"
_CURRENT = {
    "status": "unhealthy",
    "responseTimeMs": 412,
    "lastCheckAt": "2026-11-24T08:15:00.000Z",
    "nextCheckAt": "2026-11-24T08:55:00.000Z",
    "statusSince": "2026-11-24T08:00:00.000Z",
    "consecutiveFailures": 3,
    "errorCode": "auth_expired",
    "errorMessage": "The connection expired or was revoked. Reconnect it.",
    "cause": "user_grant",
    "reauthUrl": f"https://health.example.com/integrations/{_INTEGRATION}/reconnect/",
    "incident": None,
    "version": 17,
}
_ENTRY = {
    "checkedAt": "2026-11-24T08:15:00.000Z",
    "status": "unhealthy",
    "responseTimeMs": 412,
    "errorCode": "auth_expired",
    "errorMessage": "The connection expired or was revoked. Reconnect it.",
}
_PAST = {
    "resolution": "raw",
    "from": "2026-11-23T08:20:00.000Z",
    "to": "2026-11-24T08:20:00.000Z",
    "items": [_ENTRY],
    "nextCursor": None,
}
_TABLE = (
    "checkedAt,status,responseTimeMs,errorCode,errorMessage\r\n"
    "2026-11-24T08:15:00.000Z,healthy,120,,\r\n"
)
_SHOWN = {
    "id": _INTEGRATION,
    "userId": "0b9f6f52-7d1c-4d1b-8a39-0f4f1b3f2c11",
    "service": "gmail",
    "provider": "composio",
    "displayName": "Work mail",
    "enabled": True,
    "intervalSeconds": 300,
    "connectedAt": None,
    "createdAt": "2026-11-01T09:00:00.000Z",
    "health": _CURRENT,
}
_STATISTICS = {
    "uptimePercent": 97.2,
    "totalChecks": 100,
    "healthyChecks": 97,
    "degradedChecks": 1,
    "unhealthyChecks": 2,
    "averageResponseTimeMs": 231.4,
    "p95ResponseTimeMs": 410.0,
}
_RESULT = {
    "status": "unhealthy",
    "responseTimeMs": 412,
    "cached": False,
    "details": {
        "serverStatus": "EXPIRED",
        "serviceCheck": {
            "healthy": False,
            "message": "The connection expired or was revoked. Reconnect it.",
        },
    },
    "current": _CURRENT,
}

LIST_INTEGRATIONS: dict[str, Any] = {
    "operation_id": "listIntegrations",
    "parameters": [
        limit(200, 50),
        CURSOR,
        query("status", OpenApiTypes.STR, "As it is shown.", many=True, enum=serializers.STATUSES),
        query("service", {"type": "array", "items": NAME}, "Repeatable.", many=False),
        query("provider", OpenApiTypes.STR, "", many=True, enum=serializers.PROVIDERS),
        query("enabled", OpenApiTypes.BOOL, "False: what is paused."),
        query("user", USER, "For a back end: your id of a user, or ours."),
    ],
    "responses": {
        200: said(serializers.IntegrationPage, {"items": [_SHOWN], "nextCursor": None}, "A page.")
    },
}
_NEW = {"service": "gmail", "provider": "composio", "serverInstanceId": "ca_1a2b3c"}
ADD_INTEGRATION: dict[str, Any] = {
    "operation_id": "addIntegration",
    "extensions": {openapi.ALSO: ["409"]},
    "request": serializers.NewIntegration,
    "examples": [example(_NEW, of_request=True)],
    "responses": {
        201: said(serializers.Integration, _SHOWN, "It is watched now, and checked at once."),
        200: said(serializers.Integration, _SHOWN, "It was watched in just this way already."),
    },
}
SHOW_INTEGRATION: dict[str, Any] = {
    "operation_id": "showIntegration",
    "responses": {200: said(serializers.Integration, _SHOWN, "The integration.")},
}
CHANGE_INTEGRATION: dict[str, Any] = {
    "operation_id": "changeIntegration",
    "request": serializers.IntegrationChange,
    "examples": [example({"enabled": False}, of_request=True)],
    "responses": {200: said(serializers.Integration, _SHOWN, "As it is now.")},
}
REMOVE_INTEGRATION: dict[str, Any] = {
    "operation_id": "removeIntegration",
    "responses": {204: OpenApiResponse(description="It is watched no more.")},
}


class Health(serializers.Health):
    """How an integration is and was, and who is told of it."""

    alerts = Alert(many=True, help_text="What is open, the newest first.")


SHOW_HEALTH: dict[str, Any] = {
    "operation_id": "showHealth",
    "parameters": [ETAG],
    "responses": {
        200: said(
            Health,
            {
                "integrationId": _INTEGRATION,
                "service": "gmail",
                "provider": "composio",
                "current": _CURRENT,
                "alerts": [ALERT],
                "history": [_ENTRY],
                "statistics": _STATISTICS,
                "asOf": "2026-11-24T08:20:00.000Z",
                "stale": False,
                "source": "live",
            },
            "How it is and was. While the database is away, how it was when somebody asked last, "
            "within a day: `stale` is true, `source` is `cache` and `asOf` says when. If nobody "
            "did, 503.",
        ),
        304: UNCHANGED,
    },
}
SHOW_HISTORY: dict[str, Any] = {
    "operation_id": "showHistory",
    "parameters": [
        query("from", OpenApiTypes.DATETIME, "A day before `to` when it is left out."),
        query("to", OpenApiTypes.DATETIME, "Now when it is left out."),
        query(
            "resolution",
            OpenApiTypes.STR,
            "`raw`: every check, of 31 days at most. `hour`: of 93 days. `day`: of 400 days. "
            "Hours and days are whole ones, of UTC.",
            enum=["raw", "hour", "day"],
            default="raw",
        ),
        limit(1000, 100),
        CURSOR,
    ],
    "responses": {
        (200, "application/json"): OpenApiResponse(
            PolymorphicProxySerializer(
                "History",
                [serializers.HistoryPage, serializers.BucketPage],
                resource_type_field_name=None,
            ),
            description="A page; as CSV the whole range, the newest first, under a line of names.",
            examples=[example(_PAST)],
        ),
        (200, "text/csv"): OpenApiResponse(
            OpenApiTypes.STR, examples=[OpenApiExample("table", value=_TABLE, response_only=True)]
        ),
    },
}
_LIMITED = {
    "description": "It was checked a moment ago; this was the result.",
    "allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {
            "type": "object",
            "required": ["lastResult"],
            "properties": {"lastResult": {"$ref": "#/components/schemas/CheckResult"}},
        },
    ],
}
CHECK_NOW: dict[str, Any] = {
    "operation_id": "checkNow",
    "extensions": {openapi.ALSO: ["409"]},
    "request": None,
    "parameters": [
        OpenApiParameter(
            "Prefer",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="`respond-async`: do not wait for the result.",
        )
    ],
    "responses": {
        200: said(serializers.CheckResult, _RESULT, "The result."),
        202: said(
            serializers.CheckRunning,
            {"state": "running", "current": _CURRENT},
            "It takes longer; `Location` is where the result will be.",
        ),
        (429, MEDIA_TYPE): OpenApiResponse(_LIMITED, description="It was checked a moment ago."),
    },
}
