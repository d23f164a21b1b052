"""How one integration is, how it was, and what that comes to."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from alerts import shapes as alert_shapes
from alerts import standing
from alerts.retelling import Standing
from integrations_health import (
    database_faults,
    history,
    past_checks,
    shapes,
    snapshots,
    watched,
)
from integrations_health.access import OWN, Caller, Way
from integrations_health.api import documents, fallback, parameters
from integrations_health.api.answers import REVALIDATED, AnswerAndMore, answer, unchanged
from integrations_health.api.views import ApiView
from integrations_health.overlay import Overlay
from integrations_health.problems import not_found
from integrations_health.reauth_offers import Offers
from integrations_health.watched import WatchedHealth
from integrations_health.web_database import waiting

CHECKS = 100
# Raised when the answer changes its shape, so that nobody keeps one of the old shape.
SHAPE = 3
# Of each answer of the database; longer than it waits for a lock, so that it says so itself.
PATIENCE_SECONDS = 2.5


class Health(ApiView):
    """The health of one integration."""

    shows_last_known = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer within three seconds, whatever the database does."""
        with waiting.at_most(PATIENCE_SECONDS):
            return super().dispatch(request, *args, **kwargs)

    @extend_schema(**documents.SHOW_HEALTH)
    def get(self, request: Request, integration_id: UUID) -> HttpResponse:
        """Show the current health, open alerts, the last hundred checks, and these in numbers."""
        parameters.read(request.query_params, {})
        if self.caller.is_remembered:
            return fallback.health(self.caller, integration_id)
        try:
            return self._live(request, integration_id)
        except database_faults.AWAY as error:
            return fallback.health(self.caller, integration_id, reason=error)

    def _live(self, request: Request, integration_id: UUID) -> HttpResponse:
        row = watched.health(self.caller, integration_id)
        if row is None:
            raise not_found()
        overlay = Overlay.read()
        incident, version = overlay.over(row)
        url = Offers(overlay.incidents).url(row.integration_id, row)
        alerts = standing.open_of(row.integration_id, row.user_id)
        mark = standing.mark(alerts, standing.reader(self.caller))
        headers = {"ETag": _etag(row, version, mark, url), "Cache-Control": REVALIDATED}
        if known := unchanged(request._request, headers):
            return known
        checks = past_checks.last(self.caller, integration_id, row.user_id, limit=CHECKS)
        body = {
            "integrationId": str(row.integration_id),
            "service": row.service,
            "provider": row.provider,
            "current": shapes.current(row, incident=incident, reauth_url=url, version=version),
            "alerts": _alerts(alerts, self.caller),
            "history": [shapes.entry(check) for check in checks],
            "statistics": shapes.statistics(history.statistics(checks)),
            "asOf": shapes.instant(row.read_at),
            "stale": False,
            "source": "live",
        }
        return AnswerAndMore(
            answer(body, headers=headers),
            then=lambda: _keep(body, row, version, alerts, seen_by=self.caller),
        )


def _alerts(alerts: Sequence[Standing], caller: Caller) -> list[shapes.Json]:
    reader = standing.reader(caller)
    return [alert_shapes.alert(one, reader) for one in alerts]


def _keep(
    body: shapes.Json,
    row: WatchedHealth,
    version: int,
    alerts: Sequence[Standing],
    *,
    seen_by: Caller,
) -> None:
    """Keep an answer for when the database is away, as the owner sees it whoever asked."""
    owner = Caller(way=Way.TOKEN, scopes=OWN, user_id=row.user_id)
    snapshots.keep(
        row.integration_id,
        {**body, "alerts": _alerts(alerts, owner)},
        owner_id=row.user_id,
        version=version,
        at=row.read_at,
    )
    if seen_by.external_id is not None and not seen_by.sees_everybody:
        snapshots.name(row.user_id, seen_by.external_id)


def _etag(row: WatchedHealth, version: int, mark: str, reauth_url: str | None) -> str:
    """Return what changes when anything of the answer does, told without reading the history.

    Every result that counts raises the version, as incidents do that begin or end; a result that
    comes late adds to the history alone, and soon the next one tells of it. `mark` is that of the
    open alerts.
    """
    parts = (
        *(SHAPE, row.integration_id.hex, version, int(row.enabled)),
        round(row.next_check_at.timestamp() * 1_000),
        "" if reauth_url is None else "r",
        mark,
    )
    return f'W/"{"-".join(map(str, parts))}"'
