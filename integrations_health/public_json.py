"""The JSON of what anybody may know."""

from datetime import timedelta

from integrations_health import public_words
from integrations_health.models import ProviderIncident
from integrations_health.public_status import Board, Line
from integrations_health.shapes import Json, instant


def board(shown: Board) -> Json:
    """Return everything that the public page says. Keys may be added, never renamed."""
    return {
        "asOf": instant(shown.as_of),
        "status": shown.state.value,
        "summary": public_words.headline(shown).sentence,
        "providers": [
            {
                **_line(provider.whole, shown),
                "status": provider.state.value,
                "services": [
                    {"service": line.service, **_line(line, shown)} for line in provider.services
                ],
            }
            for provider in shown.providers
        ],
        "incidents": [_incident(one) for one in shown.recent],
    }


def _line(line: Line, shown: Board) -> Json:
    first = shown.window.start.date()
    return {
        "provider": line.provider,
        "name": line.name,
        "status": line.state.value,
        "uptimePercent": line.bar.uptime,
        "p95ResponseTimeMs": line.p95_ms,
        # Days of which too little is known to tell are left out.
        "days": [
            {"day": (first + timedelta(days=index)).isoformat(), "uptimePercent": uptime}
            for index, uptime in sorted(line.uptimes.items())
        ],
    }


def _incident(incident: ProviderIncident) -> Json:
    return {
        "id": str(incident.pk),
        "title": public_words.title(incident),
        "provider": incident.provider or None,
        "service": incident.service or None,
        "cause": incident.cause,
        "openedAt": instant(incident.opened_at),
        "closedAt": instant(incident.closed_at),
        "continuedBy": None if incident.continued_by_id is None else str(incident.continued_by_id),
    }
