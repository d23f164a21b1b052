"""Refuse a scope in which nothing is: a provider or a service that there is not."""

from typing import Protocol

from django.conf import settings

from integrations_health.models import Integration
from integrations_health.probes import PROBES


class Scoped(Protocol):
    """What is about a service, a provider, or any."""

    service: str
    provider: str


def problems(row: Scoped, before: tuple[str, str] = ("", "")) -> dict[str, str]:
    """Return what is wrong with the scope of `row`, by field, and write its names as they are.

    `before` is the service and the provider that it had: these may stay, though nothing may be
    there any more.
    """
    row.service, row.provider = row.service.strip().lower(), row.provider.strip().lower()
    found = {}
    if row.provider not in {"", before[1], *settings.PROVIDERS}:
        found["provider"] = f"Type one of {', '.join(settings.PROVIDERS)}, or leave it blank."
    if row.service not in {"", before[0]} and not _is_watched(row.service):
        known = ", ".join(sorted({service for _, service in PROBES}))
        found["service"] = f"No integration is of it. Type one such as {known}, or leave it blank."
    return found


def _is_watched(service: str) -> bool:
    if any(service == known for _, known in PROBES):
        return True
    return Integration.objects.filter(service=service).exists()
