"""Bare Django views to hold the API against: one query each, and its rows as JSON."""

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from integrations_health.models import HealthHistory, Integration

_CHECK = ("checked_at", "status", "response_time_ms", "error_code", "error_message")
_INTEGRATION = (
    *("id", "user_id", "service", "provider", "display_name", "enabled", "interval_seconds"),
    *("connected_at", "created_at", "health__status", "health__response_time_ms"),
    *("health__last_check_at", "health__next_check_at", "health__status_since"),
    *("health__consecutive_failures", "health__error_code", "health__error_message"),
)


def checks(request: HttpRequest, integration_id: UUID) -> JsonResponse:
    """Answer with the last hundred checks of an integration."""
    rows = HealthHistory.objects.filter(integration_id=integration_id).order_by("-checked_at")
    return JsonResponse({"history": list(rows.values(*_CHECK)[:100])})


def integrations(request: HttpRequest, user_id: UUID) -> JsonResponse:
    """Answer with fifty integrations of a user and their health."""
    rows = Integration.objects.filter(user_id=user_id).order_by("created_at", "id")
    return JsonResponse({"items": list(rows.values(*_INTEGRATION)[:50])})


urlpatterns = [
    path("bare/checks/<uuid:integration_id>", checks),
    path("bare/integrations/<uuid:user_id>", integrations),
    path("", include("config.urls")),
]
