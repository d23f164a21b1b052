"""Check an integration now, because somebody asked."""

import math
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from integrations_health import budget, manual_checks, pipeline, shapes
from integrations_health.allotment import Lane
from integrations_health.api import documents, parameters
from integrations_health.api.answers import answer
from integrations_health.api.integrations import found
from integrations_health.api.views import ApiView
from integrations_health.models import HealthCheck
from integrations_health.overlay import Overlay
from integrations_health.problems import Problem, not_found, unavailable
from integrations_health.reauth_offers import Offers
from integrations_health.shapes import Json

LATER = "respond-async"
BUSY_SECONDS = 5
PARKED_SECONDS = 3_600


class Check(ApiView):
    """A check by hand."""

    @extend_schema(**documents.CHECK_NOW)
    def post(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Check an integration and answer with the result, or say where it will be."""
        parameters.read(request.query_params, {})
        row = found(self.caller, integration_id)
        is_later = _prefers_later(request)
        patience = timedelta() if is_later else None
        try:
            answered = manual_checks.check(integration_id, patience=patience)
        except manual_checks.Limited as limited:
            raise _limited(limited) from None
        except budget.Spent:
            raise _spent(row.provider) from None
        except tuple(_REASONS) as reason:
            raise _REASONS[type(reason)]() from None
        if not answered.is_running:
            return answer(_result(answered.health, is_cached=answered.is_cached))
        headers = {"Location": reverse("api-health", args=[row.pk])}
        if is_later:
            headers["Preference-Applied"] = LATER
        return answer(
            {"state": "running", "current": _current(answered.health)}, status=202, headers=headers
        )


def _prefers_later(request: Request) -> bool:
    preferences = request.headers.get("Prefer", "").split(",")
    return any(one.partition(";")[0].strip().lower() == LATER for one in preferences)


def _limited(limited: manual_checks.Limited) -> Problem:
    seconds = max(1, math.ceil(limited.held_for.total_seconds()))
    return Problem(
        status=429,
        code="checked_a_moment_ago",
        detail="It may be checked by hand once a minute. The last result is in `lastResult`.",
        headers={"Retry-After": str(seconds)},
        members={"lastResult": _result(limited.health, is_cached=True)},
    )


def _parked() -> Problem:
    return Problem(
        status=409,
        code="parked",
        detail="Its check has failed on our side again and again. It is tried again in an hour.",
        headers={"Retry-After": str(PARKED_SECONDS)},
    )


def _spent(provider: str) -> Problem:
    held_for = budget.held_for(provider, lane=Lane.MANUAL)
    return unavailable(
        "provider_limit",
        "The provider lets us ask nothing more for now.",
        retry_after=max(BUSY_SECONDS, math.ceil(held_for.total_seconds())),
    )


def _busy() -> Problem:
    detail = "Too many checks by hand are running."
    return unavailable("busy", detail, retry_after=BUSY_SECONDS)


_REASONS: dict[type[Exception], Callable[[], Problem]] = {
    HealthCheck.DoesNotExist: not_found,
    pipeline.Parked: _parked,
    manual_checks.Busy: _busy,
}


def _current(health: HealthCheck) -> Json:
    overlay = Overlay.read()
    incident, version = overlay.over(health)
    url = Offers(overlay.incidents).url(health.integration_id, health)
    return shapes.current(health, incident=incident, reauth_url=url, version=version)


def _result(health: HealthCheck, *, is_cached: bool) -> Json:
    return shapes.check(health, _current(health), is_cached=is_cached)
