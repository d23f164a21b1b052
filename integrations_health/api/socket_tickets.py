"""Give out a ticket for a WebSocket, to a client that can send it neither cookie nor header."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from integrations_health import shapes, tickets
from integrations_health.access import Scope, Way
from integrations_health.api import parameters
from integrations_health.api.answers import answer
from integrations_health.api.views import ApiView
from integrations_health.problems import unavailable

EXAMPLE = {"ticket": "u9c6...", "expiresAt": "2026-11-24T08:15:30.000Z"}


class SocketTicket(serializers.Serializer[object]):
    """A ticket for one WebSocket."""

    ticket = serializers.CharField(help_text="For `/health-updates?ticket=...`, once.")
    expiresAt = serializers.DateTimeField(help_text="It opens nothing from then on.")


class SocketTickets(ApiView):
    """Tickets for WebSockets."""

    # Who has one listens, and changes nothing.
    needs = Scope.READ

    @extend_schema(
        operation_id="issueSocketTicket",
        request=None,
        responses={
            201: OpenApiResponse(
                SocketTicket,
                description="It opens one WebSocket, within 30 seconds.",
                examples=[OpenApiExample("example", value=EXAMPLE, response_only=True)],
            )
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Issue a one-time ticket that opens `/health-updates` as the caller."""
        parameters.read(request.query_params, {})
        expires_at = timezone.now() + tickets.VALID_FOR
        try:
            ticket = tickets.issue(self.caller, session_key=self._session_key())
        except tickets.Unavailable:
            raise unavailable(
                "tickets_unavailable", "No ticket can be kept now. Polling works all the same."
            ) from None
        body = {"ticket": ticket, "expiresAt": shapes.instant(expires_at)}
        return answer(body, status=201, headers={"Cache-Control": "no-store"})

    def _session_key(self) -> str | None:
        is_session = self.caller.way is Way.SESSION
        return self.request.session.session_key if is_session else None
