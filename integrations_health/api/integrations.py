"""The integrations that a caller may see: list, add, show, change, remove."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from integrations_health import admission, registration, registry, removal, shapes, tasks, watched
from integrations_health.access import Caller
from integrations_health.api import documents, owners, parameters
from integrations_health.api.answers import answer
from integrations_health.api.bodies import errors_of, members
from integrations_health.api.parameters import Rule
from integrations_health.api.views import ApiView
from integrations_health.overlay import Overlay
from integrations_health.problems import FieldError, Problem, invalid, not_found
from integrations_health.reauth_offers import Offers
from integrations_health.registration import Registration
from integrations_health.registry import Changes
from integrations_health.shapes import Json
from integrations_health.status import Status
from integrations_health.watched import Wanted, Watched

MOST = 200
USUAL = 50
LIST_PARAMETERS: dict[str, Rule] = {
    "limit": parameters.limit(MOST),
    "cursor": parameters.CURSOR,
    "status": parameters.choice(tuple(status.value for status in Status), is_repeatable=True),
    "service": parameters.NAME,
    "provider": parameters.choice(tuple(settings.PROVIDERS), is_repeatable=True),
    "enabled": parameters.FLAG,
    "user": parameters.ID,
}


class Integrations(ApiView):
    """All integrations of a caller."""

    @extend_schema(**documents.LIST_INTEGRATIONS)
    def get(self, request: Request) -> HttpResponse:
        """List integrations with their current health, in the order in which they were added."""
        sent = parameters.read(request.query_params, LIST_PARAMETERS)
        overlay = Overlay.read()
        offers = Offers(overlay.incidents)
        page = watched.page(
            self.caller,
            _wanted(self.caller, sent),
            incidents=overlay.incidents,
            limit=sent.get("limit", USUAL),
            after=sent.get("cursor"),
        )
        return answer(
            {
                "items": [shown(row, overlay, offers) for row in page.rows],
                "nextCursor": str(page.next) if page.next else None,
            }
        )

    @extend_schema(**documents.ADD_INTEGRATION)
    def post(self, request: Request) -> HttpResponse:
        """Watch an integration; it is checked at once."""
        parameters.read(request.query_params, {})
        registration, owner_name = _registration(self.caller, members(request.data))
        try:
            admitted = admission.admit(
                registration, owner_name=owner_name, is_trusted=self.caller.sees_everybody
            )
        except admission.Conflict as conflict:
            raise Problem(
                status=409,
                code="conflict",
                detail="What is watched already stands against it; `errors` says what.",
                errors=errors_of(conflict.refusals),
            ) from None
        except admission.Refused as refused:
            raise invalid(*errors_of(refused.refusals)) from None
        if admitted.is_new:
            tasks.wake(registration.provider)
        place = reverse("api-integration", args=[admitted.id])
        body = _answered(self.caller, admitted.id)
        return answer(body, status=201 if admitted.is_new else 200, headers={"Location": place})


class OneIntegration(ApiView):
    """One integration."""

    @extend_schema(**documents.SHOW_INTEGRATION)
    def get(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Show an integration with its current health."""
        parameters.read(request.query_params, {})
        return answer(_answered(self.caller, integration_id))

    @extend_schema(**documents.CHANGE_INTEGRATION)
    def patch(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Pause, resume, rename, or look more or less often; what resumes is checked at once."""
        parameters.read(request.query_params, {})
        row = found(self.caller, integration_id)
        said = registration.read_changes(members(request.data), among=admission.CHANGEABLE)
        if isinstance(said, list):
            raise invalid(*errors_of(said))
        with registry.writing(changes := Changes(), patience=None):
            registry.change({integration_id: said}, changes=changes)
        if said.get("enabled") or "interval_seconds" in said:
            tasks.wake(row.provider)
        return answer(_answered(self.caller, integration_id))

    @extend_schema(**documents.REMOVE_INTEGRATION)
    def delete(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Stop watching an integration, and forget it."""
        parameters.read(request.query_params, {})
        if not removal.remove(self.caller, integration_id):
            raise not_found()
        return HttpResponse(status=204)


def found(caller: Caller, integration_id: UUID) -> Watched:
    """Return an integration that the caller may see. Raises Problem."""
    row = watched.one(caller, integration_id)
    if row is None:
        raise not_found()
    return row


def shown(row: Watched, overlay: Overlay, offers: Offers) -> Json:
    """Return an integration with its health, as this API shows it everywhere."""
    incident, version = overlay.over(row)
    url = offers.url(row.pk, row)
    health = shapes.current(row, incident=incident, reauth_url=url, version=version)
    return shapes.integration(row, health)


def _answered(caller: Caller, integration_id: UUID) -> Json:
    overlay = Overlay.read()
    return shown(found(caller, integration_id), overlay, Offers(overlay.incidents))


def _wanted(caller: Caller, sent: dict[str, Any]) -> Wanted:
    if "user" in sent and not caller.sees_everybody:
        remedy = "leave it out: you see your own"
        raise invalid(
            FieldError(field="user", problem="is for the application's back end", remedy=remedy)
        )
    return Wanted(
        statuses=sent.get("status", ()),
        services=sent.get("service", ()),
        providers=sent.get("provider", ()),
        enabled=sent.get("enabled"),
        user=sent.get("user"),
    )


def _registration(caller: Caller, said: Any) -> tuple[Registration, str]:
    """Return what is to be watched, and the application's id of its owner. Raises Problem."""
    owner, rest = owners.of_new(caller, said)
    refused = [] if caller.sees_everybody else admission.refusals_to_everybody(list(rest))
    read = registration.read(
        {**rest, "user": owner.name or str(owner.id)},
        place="",
        providers=tuple(settings.PROVIDERS),
    )
    if refused or isinstance(read, list):
        raise invalid(*errors_of([*refused, *(read if isinstance(read, list) else ())]))
    return replace(read, user_id=owner.id), owner.name
