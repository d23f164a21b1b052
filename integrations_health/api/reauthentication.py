"""Ask for a link by which an integration's owner connects it again."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from integrations_health import reauth_requests, shapes
from integrations_health.api import parameters, reauth_documents
from integrations_health.api.answers import answer
from integrations_health.api.integrations import found
from integrations_health.api.views import ApiView
from integrations_health.overlay import OpenIncidents
from integrations_health.problems import Problem
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call

_REFUSED = {
    Call.NOT_NEEDED: (
        "reauth_not_needed",
        "Connecting it again would mend nothing: see `cause` and `errorCode` of its health.",
    ),
    Call.UNSUPPORTED: (
        "reauth_not_supported",
        "Its provider has no sign-in to send anybody to. Register it anew with another token.",
    ),
    Call.ON_HOLD: (
        "reauth_on_hold",
        "So many of the provider's connections fail at once that it is hardly this user's. Nobody "
        "is asked to connect again until that is over.",
    ),
}


class Reauthentication(ApiView):
    """The way by which a user mends what only they can mend."""

    @extend_schema(**reauth_documents.REAUTHENTICATE)
    def post(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Make a link for the owner of an integration; it leads to the provider's own sign-in."""
        parameters.read(request.query_params, {})
        row = found(self.caller, integration_id)
        call = Offers(OpenIncidents.read()).of(row)
        if call is not Call.OFFERED:
            code, detail = _REFUSED[call]
            raise Problem(status=409, code=code, detail=detail)
        token = reauth_requests.open_for({row.pk: row.user_id})[row.pk]
        return answer(
            {"url": reauth_requests.link(token), "expiresAt": shapes.instant(token.expires_at)}
        )
