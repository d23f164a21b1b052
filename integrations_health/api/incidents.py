"""Providers' incidents: what fails for many, in numbers that are nobody's."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from integrations_health import outages, shapes
from integrations_health.api import parameters
from integrations_health.api.answers import answer
from integrations_health.api.document_parts import CURSOR, NAME, limit, query, said
from integrations_health.api.parameters import Rule
from integrations_health.api.views import ApiView
from integrations_health.models import ProviderIncident
from integrations_health.outages import Place, Wanted
from integrations_health.public_status import LEAST_USERS
from integrations_health.serializers import PROVIDERS, Incident
from integrations_health.shapes import Json

MOST = 200
USUAL = 50
LIST_PARAMETERS: dict[str, Rule] = {
    "limit": parameters.limit(MOST),
    "cursor": Rule(Place.parse),
    "open": parameters.FLAG,
    "provider": parameters.choice(tuple(settings.PROVIDERS), is_repeatable=True),
    "service": parameters.NAME,
}
_EXAMPLE = {
    "id": "6b0d4d35-0f5e-4f0f-9f58-3c6f0a4b9e77",
    "provider": "composio",
    "service": "gmail",
    "cause": "provider",
    "openedAt": "2026-11-24T14:02:00.000Z",
    "closedAt": None,
    "continuedBy": None,
    "affectedUsers": 412,
}


class KnownIncident(Incident):
    """A provider, or a service, that fails or failed for many."""

    closedAt = serializers.DateTimeField(allow_null=True, help_text="Null: it goes on.")
    continuedBy = serializers.UUIDField(
        allow_null=True, help_text="The wider incident that it became part of. Null: none."
    )
    affectedUsers = serializers.IntegerField(
        min_value=0, allow_null=True, help_text="Null: too few to be nobody in particular."
    )


class ProviderIncidentPage(serializers.Serializer[object]):
    """Some incidents: open ones first, then the newest."""

    items = KnownIncident(many=True)
    nextCursor = serializers.CharField(
        allow_null=True, help_text="The `cursor` of the next page. Null: this is the last."
    )


LIST_INCIDENTS: dict[str, Any] = {
    "operation_id": "listIncidents",
    "parameters": [
        limit(MOST, USUAL),
        CURSOR,
        query("open", OpenApiTypes.BOOL, "False: what is over. Left out: both."),
        query("provider", OpenApiTypes.STR, "What concerns one.", many=True, enum=PROVIDERS),
        query("service", {"type": "array", "items": NAME}, "What concerns one.", many=False),
    ],
    "responses": {
        200: said(ProviderIncidentPage, {"items": [_EXAMPLE], "nextCursor": None}, "A page.")
    },
}


class Incidents(ApiView):
    """All incidents of providers."""

    @extend_schema(**LIST_INCIDENTS)
    def get(self, request: Request) -> HttpResponse:
        """List providers' incidents: open ones first, then the newest."""
        sent = parameters.read(request.query_params, LIST_PARAMETERS)
        wanted = Wanted(
            is_open=sent.get("open"),
            providers=sent.get("provider", ()),
            services=sent.get("service", ()),
        )
        page = outages.page(wanted, limit=sent.get("limit", USUAL), after=sent.get("cursor"))
        sees_counts = self.caller.sees_everybody
        return answer(
            {
                "items": [_shown(one, sees_counts=sees_counts) for one in page.incidents],
                "nextCursor": str(page.next) if page.next else None,
            }
        )


def _shown(incident: ProviderIncident, *, sees_counts: bool) -> Json:
    users = incident.affected_users
    return {
        **shapes.incident_of(incident),
        "closedAt": shapes.instant(incident.closed_at),
        "continuedBy": None if incident.continued_by_id is None else str(incident.continued_by_id),
        # A number about a few people is theirs; see the public page.
        "affectedUsers": users if sees_counts or users >= LEAST_USERS else None,
    }
