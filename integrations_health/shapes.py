"""The JSON shape of our rows, for REST, WebSocket and pages alike.

Plain functions, because a page of history is a hundred rows: what is declared field by field for
the OpenAPI document (`serializers`) is held to them by a test.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from integrations_health.buckets import Bucket
from integrations_health.history import Statistics
from integrations_health.models import HealthCheck, ProviderIncident
from integrations_health.outcomes import MEANINGS, Outcome
from integrations_health.overlay import shown_since, shown_status
from integrations_health.probes import NO_PROBE
from integrations_health.status import Vote

Json = dict[str, Any]
_CAUSES = {
    outcome.value: meaning.cause.value
    for outcome, meaning in MEANINGS.items()
    if meaning.cause is not None
}


class Entry(Protocol):
    """A finished check as it is shown."""

    @property
    def checked_at(self) -> datetime: ...
    @property
    def status(self) -> str: ...
    @property
    def response_time_ms(self) -> int | None: ...
    @property
    def error_code(self) -> str: ...
    @property
    def error_message(self) -> str: ...


class Health(Protocol):
    """How an integration is: a HealthCheck, or what was read of one."""

    @property
    def status(self) -> str: ...
    @property
    def response_time_ms(self) -> int | None: ...
    @property
    def last_check_at(self) -> datetime | None: ...
    @property
    def next_check_at(self) -> datetime: ...
    @property
    def status_since(self) -> datetime | None: ...
    @property
    def consecutive_failures(self) -> int: ...
    @property
    def error_code(self) -> str: ...
    @property
    def error_message(self) -> str: ...
    @property
    def enabled(self) -> bool: ...


class Watched(Protocol):
    """Who is watched: an Integration, or what was read of one."""

    @property
    def pk(self) -> UUID: ...
    @property
    def user_id(self) -> UUID: ...
    @property
    def service(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def display_name(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def interval_seconds(self) -> int: ...
    @property
    def connected_at(self) -> datetime | None: ...
    @property
    def created_at(self) -> datetime: ...


def instant(at: datetime | None) -> str | None:
    """Return an instant as RFC 3339 in UTC with milliseconds and `Z`; None stays None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def current(
    health: Health,
    *,
    incident: ProviderIncident | None,
    version: int,
    reauth_url: str | None = None,
) -> Json:
    """Return how an integration is now: `current` of REST, `health` of a WebSocket frame.

    `incident` and `version` are what `overlay.Overlay` says of the row, `reauth_url` what
    `reauth_offers.Offers` has for its owner.
    """
    return {
        "status": shown_status(health.status, incident),
        "responseTimeMs": health.response_time_ms,
        "lastCheckAt": instant(health.last_check_at),
        "nextCheckAt": instant(health.next_check_at) if health.enabled else None,
        "statusSince": instant(shown_since(health.status_since, health.status, incident)),
        "consecutiveFailures": health.consecutive_failures,
        "errorCode": health.error_code or None,
        "errorMessage": health.error_message or None,
        "cause": cause(health.error_code),
        "reauthUrl": reauth_url,
        "incident": None if incident is None else incident_of(incident),
        "version": version,
    }


def incident_of(incident: ProviderIncident) -> Json:
    """Return a provider's incident as it lies over an integration."""
    return {
        "id": str(incident.pk),
        "provider": incident.provider or None,
        "service": incident.service or None,
        "cause": incident.cause,
        "openedAt": instant(incident.opened_at),
    }


def cause(error_code: str) -> str | None:
    """Return whose fault an error code is; None for none, and for one that we do not know."""
    return _CAUSES.get(error_code)


def integration(watched: Watched, health: Json) -> Json:
    """Return an integration with its current health, as lists and single answers show it."""
    return {
        "id": str(watched.pk),
        "userId": str(watched.user_id),
        "service": watched.service,
        "provider": watched.provider,
        "displayName": watched.display_name,
        "enabled": watched.enabled,
        "intervalSeconds": watched.interval_seconds,
        "connectedAt": instant(watched.connected_at),
        "createdAt": instant(watched.created_at),
        "health": health,
    }


def entry(check: Entry) -> Json:
    """Return one finished check of the history."""
    return {
        "checkedAt": instant(check.checked_at),
        "status": check.status,
        "responseTimeMs": check.response_time_ms,
        "errorCode": check.error_code or None,
        "errorMessage": check.error_message or None,
    }


def statistics(numbers: Statistics) -> Json:
    """Return some checks in numbers."""
    return {
        "uptimePercent": numbers.uptime_percent,
        "totalChecks": numbers.total_checks,
        "healthyChecks": numbers.healthy_checks,
        "degradedChecks": numbers.degraded_checks,
        "unhealthyChecks": numbers.unhealthy_checks,
        "averageResponseTimeMs": numbers.average_response_time_ms,
        "p95ResponseTimeMs": numbers.p95_response_time_ms,
    }


def bucket(numbers: Bucket, *, width: timedelta) -> Json:
    """Return the checks of an hour or a day in numbers."""
    return {
        "from": instant(numbers.starts_at),
        "to": instant(numbers.starts_at + width),
        "uptimePercent": numbers.uptime_percent,
        "totalChecks": numbers.total_checks,
        "healthyChecks": numbers.healthy_checks,
        "degradedChecks": numbers.degraded_checks,
        "unhealthyChecks": numbers.unhealthy_checks,
        "p50ResponseTimeMs": numbers.p50_ms,
        "p95ResponseTimeMs": numbers.p95_ms,
    }


def check(health: HealthCheck, now: Json, *, is_cached: bool) -> Json:
    """Return what the last check found; `now` is the `current` of the same row."""
    return {
        "status": now["status"],
        "responseTimeMs": health.response_time_ms,
        "cached": is_cached,
        "details": {
            "serverStatus": health.metadata.get("serverStatus"),
            "serviceCheck": _service_check(health),
        },
        "current": now,
    }


def _service_check(health: HealthCheck) -> Json:
    """Return what the check says of the service itself; `healthy` is None when it says nothing."""
    outcome = health.metadata.get("outcome")
    if outcome not in MEANINGS:
        return {"healthy": None, "message": "It was not checked yet."}
    meaning = MEANINGS[Outcome(outcome)]
    is_good = outcome in {Outcome.OK, Outcome.SLOW}
    if is_good and not health.metadata.get("isProbed"):
        return {"healthy": True, "message": NO_PROBE}
    says_nothing = meaning.vote is Vote.ABSTAINS
    return {
        "healthy": None if says_nothing else is_good,
        "message": meaning.sentence or "It works.",
    }


def update(
    health: HealthCheck,
    *,
    incident: ProviderIncident | None,
    version: int,
    reauth_url: str | None = None,
) -> Json:
    """Return the WebSocket frame that tells how an integration is now."""
    shown = current(health, incident=incident, reauth_url=reauth_url, version=version)
    return {
        "integrationId": str(health.integration_id),
        "service": health.service,
        "provider": health.provider,
        "health": shown,
        "version": version,
    }
