"""The addresses of alerts: what people press on a page, and the API."""

from django.urls import URLPattern, path

from alerts import pages
from alerts.api.alerts import Acknowledgement, Alerts, OneAlert

_ONE = "api/alerts/<uuid:alert_id>"

urlpatterns: list[URLPattern] = [
    path("alerts/<uuid:alert_id>/acknowledge/", pages.acknowledge, name="acknowledge-alert"),
    path("api/alerts", Alerts.as_view(), name="api-alerts"),
    path(_ONE, OneAlert.as_view(), name="api-alert"),
    path(f"{_ONE}/acknowledge", Acknowledgement.as_view(), name="api-acknowledge-alert"),
]
