"""Choose alerts in the list by what is in the address; no choice reads a large table."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from alerts import causes
from alerts.models import Silence
from integrations_health import names
from integrations_health.probes import PROBES


class StateFilter(admin.SimpleListFilter):
    """Choose alerts by what still has to be done about them; at first, all that are not over."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the states an alert can be in."""
        return [
            ("open", "open, nobody looks after it"),
            ("acknowledged", "open, acknowledged"),
            ("resolved", "resolved"),
            ("all", "all"),
        ]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the choices; the first, without a word in the address, is no longer all."""
        chosen = super().choices(changelist)
        yield next(chosen) | {"display": "open"}
        yield from chosen

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the alerts in the chosen state."""
        match self.value():
            case "open":
                return queryset.filter(resolved_at=None, acknowledged_at=None)
            case "acknowledged":
                return queryset.filter(resolved_at=None, acknowledged_at__isnull=False)
            case "resolved":
                return queryset.filter(resolved_at__isnull=False)
            case "all":
                return queryset
            case _:
                return queryset.filter(resolved_at=None)

    @property
    def shows_open_ones(self) -> bool:
        """Whether the list holds nothing that is over."""
        return self.value() not in {"resolved", "all"}


class ProviderFilter(admin.SimpleListFilter):
    """Choose a provider among those that are configured."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the providers."""
        return [(name, names.provider(name)) for name in settings.PROVIDERS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the alerts of the chosen provider."""
        return queryset.filter(integration__provider=self.value()) if self.value() else queryset


class ServiceFilter(admin.SimpleListFilter):
    """Choose a service: those with a probe are offered, any other may stand in the address."""

    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the services that we know to probe, and the one in the address."""
        known = {service for _, service in PROBES} | {request.GET.get("service", "")} - {""}
        return [(name, names.service(name)) for name in sorted(known)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the alerts of the chosen service."""
        return queryset.filter(integration__service=self.value()) if self.value() else queryset


class CauseFilter(admin.SimpleListFilter):
    """Keep to one group of the list: alerts of one cause. It is offered only once it is chosen."""

    title = "cause"
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the cause that stands in the address."""
        key = request.GET.get("cause", "")
        cause = causes.parse(key)
        called = key if cause is None else f"{causes.title(cause)}: {cause.error_code}"
        return [(key, called)] if key else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the alerts of the chosen cause; of one that is none, nothing."""
        if not self.value():
            return queryset
        cause = causes.parse(self.value() or "")
        return queryset.none() if cause is None else queryset.filter(causes.among([cause]))


FILTERS = (StateFilter, "severity", ProviderFilter, ServiceFilter, CauseFilter)


class QuietStateFilter(admin.SimpleListFilter):
    """Choose silences or windows by whether they are on; at first, all."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the three states."""
        return [("on", "on"), ("to-come", "to come"), ("over", "over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep those in the chosen state."""
        now = timezone.now()
        # A silence of one alert is over with it, whatever its end.
        is_over = Q(ends_at__lte=now)
        if queryset.model is Silence:
            is_over |= Q(alert__resolved_at__isnull=False)
        match self.value():
            case "on":
                return queryset.filter(starts_at__lte=now).exclude(is_over)
            case "to-come":
                return queryset.filter(starts_at__gt=now).exclude(is_over)
            case "over":
                return queryset.filter(is_over)
            case _:
                return queryset
