"""The addresses of the API, below /api/.

Those of alerts are in `alerts.urls`; the providers' own calls come here.
"""

from django.urls import URLPattern, path

from integrations_health.api.checks import Check
from integrations_health.api.health import Health
from integrations_health.api.history import History
from integrations_health.api.hooks import ComposioEvents
from integrations_health.api.incidents import Incidents
from integrations_health.api.integrations import Integrations, OneIntegration
from integrations_health.api.reauthentication import Reauthentication
from integrations_health.api.reference import Docs, Schema
from integrations_health.api.socket_tickets import SocketTickets

_ONE = "integrations/<uuid:integration_id>"

urlpatterns: list[URLPattern] = [
    path("integrations", Integrations.as_view(), name="api-integrations"),
    path(_ONE, OneIntegration.as_view(), name="api-integration"),
    path(f"{_ONE}/health", Health.as_view(), name="api-health"),
    path(f"{_ONE}/health/history", History.as_view(), name="api-history"),
    path(f"{_ONE}/health/check", Check.as_view(), name="api-check"),
    path(f"{_ONE}/reauthenticate", Reauthentication.as_view(), name="api-reauthenticate"),
    path("incidents", Incidents.as_view(), name="api-incidents"),
    path("ws-ticket", SocketTickets.as_view(), name="api-socket-ticket"),
    path("hooks/composio", ComposioEvents.as_view(), name="api-composio-events"),
    path("schema", Schema.as_view(), name="api-schema"),
    path("docs", Docs.as_view(), name="api-docs"),
]
