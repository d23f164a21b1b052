"""What the OpenAPI document says of what providers tell by themselves."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from integrations_health import openapi
from integrations_health.api.document_parts import example
from integrations_health.providers import composio_events

_EVENT = inline_serializer(
    "ComposioEvent",
    {
        "type": serializers.CharField(help_text="What happened; most of it has no effect."),
        "data": serializers.DictField(help_text="The connected account, of which `id` is read."),
    },
)
_EXPIRED = {"type": composio_events.EXPIRED, "data": {"id": "ca_1a2b3c", "status": "EXPIRED"}}


def _header(name: str, kind: OpenApiTypes, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, kind, OpenApiParameter.HEADER, required=True, description=description
    )


RECEIVE_COMPOSIO_EVENT: dict[str, Any] = {
    "operation_id": "receiveComposioEvent",
    "auth": [{openapi.COMPOSIO_SIGNATURE: []}],
    # While there is no secret.
    "extensions": {openapi.ALSO: ["404"]},
    "parameters": [
        _header("webhook-id", OpenApiTypes.STR, "The same whenever it is sent."),
        _header("webhook-timestamp", OpenApiTypes.INT, "When it was signed, in unix seconds."),
    ],
    "request": {"application/json": _EVENT},
    "examples": [example(_EXPIRED, of_request=True)],
    "responses": {204: OpenApiResponse(description="It was heard; it may have had no effect.")},
}
