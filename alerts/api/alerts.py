"""The alerts that a caller may see: list, show, acknowledge."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from alerts import lifecycle, shapes, standing
from alerts.api import documents, notes
from alerts.retelling import Standing
from alerts.rules import Severity
from alerts.standing import Wanted
from integrations_health.access import ACT_FOR, Caller
from integrations_health.api import owners, parameters
from integrations_health.api.answers import REVALIDATED, answer, unchanged
from integrations_health.api.parameters import Rule
from integrations_health.api.views import ApiView
from integrations_health.models import User
from integrations_health.problems import FieldError, Problem, invalid, not_found

MOST = 200
USUAL = 50
LIST_PARAMETERS: dict[str, Rule] = {
    "limit": parameters.limit(MOST),
    "cursor": parameters.CURSOR,
    "open": parameters.FLAG,
    "severity": parameters.choice(tuple(one.value for one in Severity), is_repeatable=True),
    "integrationId": parameters.OUR_IDS,
}


class Alerts(ApiView):
    """All alerts of a caller."""

    @extend_schema(**documents.LIST_ALERTS)
    def get(self, request: Request) -> HttpResponse:
        """List alerts with whether somebody was told, or why not yet; the newest first."""
        sent = parameters.read(request.query_params, LIST_PARAMETERS)
        page = standing.page(
            self.caller, _wanted(sent), limit=sent.get("limit", USUAL), after=sent.get("cursor")
        )
        reader = standing.reader(self.caller)
        headers = {"ETag": standing.etag(page, reader), "Cache-Control": REVALIDATED}
        if known := unchanged(request._request, headers):
            return known
        body = {
            "items": [shapes.alert(one, reader) for one in page.alerts],
            "nextCursor": str(page.next) if page.next else None,
        }
        return answer(body, headers=headers)


class OneAlert(ApiView):
    """One alert."""

    @extend_schema(**documents.SHOW_ALERT)
    def get(self, request: Request, alert_id: UUID) -> HttpResponse:
        """Show an alert, who was told of it, and what was decided about it and why."""
        parameters.read(request.query_params, {})
        return _answered(self.caller, _found(self.caller, alert_id))


class Acknowledgement(ApiView):
    """Somebody looks after an alert."""

    @extend_schema(**documents.ACKNOWLEDGE_ALERT)
    def post(self, request: Request, alert_id: UUID) -> HttpResponse:
        """Say that the caller looks after an alert; who said so first stays.

        Nobody is told of it any more, but that it is over. An alert that was over before anybody
        looked after it is refused with 409.
        """
        parameters.read(request.query_params, {})
        _found(self.caller, alert_id)
        note = notes.read(request.data)
        lifecycle.acknowledge([alert_id], by=_person(self.caller), note=note)
        alert = _found(self.caller, alert_id)
        if alert.acknowledged_at is None:
            raise Problem(
                status=409,
                code="already_resolved",
                detail="It is over: there is nothing to look after any more.",
            )
        return _answered(self.caller, alert)


def _wanted(sent: dict[str, Any]) -> Wanted:
    return Wanted(
        is_open=sent.get("open"),
        severities=sent.get("severity", ()),
        integration_ids=sent.get("integrationId", ()),
    )


def _found(caller: Caller, alert_id: UUID) -> Standing:
    alert = standing.one(caller, alert_id)
    if alert is None:
        raise not_found()
    return alert


def _answered(caller: Caller, alert: Standing) -> HttpResponse:
    decided = standing.decisions(alert)
    return answer(shapes.alert_with_decisions(alert, decided, standing.reader(caller)))


def _person(caller: Caller) -> User:
    """Return who looks after it from now on. Raises Problem."""
    if not caller.is_somebody:
        remedy = "send the id of the user who looks after it, ours or yours"
        raise invalid(FieldError(field=ACT_FOR, problem="is missing", remedy=remedy))
    person = owners.person(caller)
    if person is None:
        raise not_found()  # whom nobody knows has no alerts
    return person
