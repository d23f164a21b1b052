"""What the OpenAPI document says of connecting again."""

from typing import Any

from rest_framework import serializers

from integrations_health import openapi
from integrations_health.api.document_parts import said


class ReauthLink(serializers.Serializer[object]):
    """Where the owner of an integration connects it again."""

    url = serializers.URLField(help_text="A page of ours; it asks its owner to sign in.")
    expiresAt = serializers.DateTimeField(help_text="Fourteen days from now.")


REAUTHENTICATE: dict[str, Any] = {
    "operation_id": "reauthenticate",
    "extensions": {openapi.ALSO: ["409"]},
    "request": None,
    "responses": {
        200: said(
            ReauthLink,
            {
                "url": "https://health.example.com/reconnect/AAECAwQ.Zm9yIHRoaXMgb3duZXI/",
                "expiresAt": "2026-12-08T08:20:00.000Z",
            },
            "Good for its owner alone, until it was used or has expired.",
        )
    },
}
