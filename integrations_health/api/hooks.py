"""Hear what providers tell by themselves: their signature alone says who is calling."""

import logging
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from integrations_health import clock, provider_events, tasks
from integrations_health.api import hook_documents
from integrations_health.api.views import ApiView
from integrations_health.problems import Problem
from integrations_health.providers import composio_events

logger = logging.getLogger(__name__)

COMPOSIO = "composio"
CHALLENGE = 'Signature realm="integration-health"'


class ComposioEvents(ApiView):
    """What Composio tells by itself."""

    authentication_classes = ()
    permission_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; without a secret there is no such address, whatever the method."""
        if not settings.PROVIDERS[COMPOSIO]["webhook_secrets"]:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(**hook_documents.RECEIVE_COMPOSIO_EVENT)
    def post(self, request: Request) -> HttpResponse:
        """Hear an event of Composio; what an account that expired serves is checked at once."""
        body = _body(request)
        secrets = settings.PROVIDERS[COMPOSIO]["webhook_secrets"]
        signed = composio_events.signed(request.headers, body, secrets=secrets)
        # In this order: whoever signs nothing costs the database no question.
        if signed is None or not signed.is_timely(now=clock.now()):
            raise Problem(
                status=401,
                code="refused",
                detail="It bears no signature that is good now.",
                headers={"WWW-Authenticate": CHALLENGE},
            )
        account_id, due = composio_events.expired_account(body), 0
        if account_id is not None:
            due = provider_events.look_at(account_id, provider=COMPOSIO, event_id=signed.id)
        if due:
            tasks.wake(COMPOSIO)
        logger.info(
            "provider_event.heard",
            extra={"provider": COMPOSIO, "is_known": account_id is not None, "due": due},
        )
        return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


def _body(request: Request) -> bytes:
    """Return the very bytes that were signed. Raises Problem."""
    most = settings.LARGEST_PROVIDER_EVENT
    body: bytes = request.read(most + 1)
    if len(body) > most:
        raise Problem(
            status=413,
            code="too_large",
            detail=f"The body is larger than {most // 1024} kB, the most that is accepted.",
        )
    return body
