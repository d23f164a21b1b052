"""How one integration is, how it was, and what that comes to."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from alerts import shapes as alert_shapes
from alerts import standing
from alerts.retelling import Standing
from integrations_health import history, past_checks, shapes, watched
from integrations_health.api import documents, parameters
from integrations_health.api.answers import REVALIDATED, answer, unchanged
from integrations_health.api.views import ApiView
from integrations_health.overlay import Overlay
from integrations_health.problems import not_found
from integrations_health.reauth_offers import Offers
from integrations_health.watched import WatchedHealth

CHECKS = 100
# Raised when the answer changes its shape, so that nobody keeps one of the old shape.
SHAPE = 3


class Health(ApiView):
    """The health of one integration."""

    @extend_schema(**documents.SHOW_HEALTH)
    def get(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Show the current health, open alerts, the last hundred checks, and these in numbers."""
        parameters.read(request.query_params, {})
        # Here the last known state will step in when the database is away (`source: cache`).
        row = watched.health(self.caller, integration_id)
        if row is None:
            raise not_found()
        overlay = Overlay.read()
        incident, version = overlay.over(row)
        url = Offers(overlay.incidents).url(row.integration_id, row)
        alerts = standing.open_of(row.integration_id, row.user_id)
        headers = {"ETag": _etag(row, version, alerts, url), "Cache-Control": REVALIDATED}
        if known := unchanged(request._request, headers):
            return known
        checks = past_checks.last(self.caller, integration_id, row.user_id, limit=CHECKS)
        reader = standing.reader(self.caller)
        body = {
            "integrationId": str(row.integration_id),
            "service": row.service,
            "provider": row.provider,
            "current": shapes.current(row, incident=incident, reauth_url=url, version=version),
            "alerts": [alert_shapes.alert(one, reader) for one in alerts],
            "history": [shapes.entry(check) for check in checks],
            "statistics": shapes.statistics(history.statistics(checks)),
            "asOf": shapes.instant(row.read_at),
            "stale": False,
            "source": "live",
        }
        return answer(body, headers=headers)


def _etag(
    row: WatchedHealth, version: int, alerts: Sequence[Standing], reauth_url: str | None
) -> str:
    """Return what changes when anything of the answer does, told without reading the history.

    Every result that counts raises the version, as incidents do that begin or end; a result that
    comes late adds to the history alone, and soon the next one tells of it.
    """
    parts = (
        *(SHAPE, row.integration_id.hex, version, int(row.enabled)),
        round(row.next_check_at.timestamp() * 1_000),
        "" if reauth_url is None else "r",
        standing.mark(alerts),
    )
    return f'W/"{"-".join(map(str, parts))}"'
