"""What staff see of how integrations are, and were."""

from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from integrations_health.models import (
    DailyHealth,
    HealthCheck,
    HealthHistory,
    MonitoringGap,
    ProviderDay,
    RolledUpDay,
)
from integrations_health.staff_pages import ReadOnlyAdmin, without_secrets


@admin.register(HealthCheck)
class HealthCheckAdmin(ReadOnlyAdmin):
    """How each integration is now."""

    list_display = (
        "status",
        "error_code",
        "service",
        "provider",
        "user",
        "status_since",
        "consecutive_failures",
        "last_check_at",
        "next_check_at",
    )
    list_filter = ("status", "provider", "service", "enabled", "error_code")
    search_fields = (
        "user__username__startswith",
        "user__email__startswith",
        "user__external_id__exact",
        "integration__server_instance_id__exact",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the integrations in the database."""
        return without_secrets(super().get_queryset(request), "user")


class ByIntegrationAdmin(ReadOnlyAdmin):
    """Pages over the past, searched by the id of an integration and nothing slower."""

    search_fields = ("integration_id__exact",)
    search_help_text = "The id of an integration"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Find the rows of one integration."""
        if not search_term:
            return queryset, False
        try:
            return queryset.filter(integration_id=UUID(search_term.strip())), False
        except ValueError:
            self.message_user(request, "That is not the id of an integration.", messages.WARNING)
            return queryset.none(), False


class ServiceFilter(admin.SimpleListFilter):
    """Choose a service among those watched now, without reading the past for its values."""

    title = "service"
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the services that are watched."""
        services = HealthCheck.objects.order_by("service").values_list("service", flat=True)
        return [(service, service) for service in services.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the chosen service."""
        return queryset.filter(service=self.value()) if self.value() else queryset


@admin.register(HealthHistory)
class HealthHistoryAdmin(ByIntegrationAdmin):
    """Finished checks."""

    list_display = ("checked_at", "service", "status", "outcome", "response_time_ms", "user_id")
    list_filter = (ServiceFilter,)
    # The id grows with the time of the check, and it has an index of its own.
    ordering = ("-id",)
    sortable_by = ()


@admin.register(DailyHealth)
class DailyHealthAdmin(ByIntegrationAdmin):
    """Days in numbers."""

    list_display = ("day", "service", "checks", "downtime_seconds", "degraded_seconds", "p95_ms")
    # Newest first within an integration; over all of them no index follows the day.
    ordering = ("-integration_id", "-day")
    sortable_by = ()


@admin.register(MonitoringGap)
class MonitoringGapAdmin(ReadOnlyAdmin):
    """When nobody watched."""

    list_display = ("started_at", "ended_at")
    ordering = ("-started_at",)


@admin.register(ProviderDay)
class ProviderDayAdmin(ReadOnlyAdmin):
    """Days of providers in numbers."""

    list_display = ("day", "provider", "service", "users", "outage_seconds", "impaired_seconds")
    list_filter = ("provider",)
    ordering = ("-day", "provider", "service")
    sortable_by = ()


@admin.register(RolledUpDay)
class RolledUpDayAdmin(ReadOnlyAdmin):
    """Which days are rolled up."""

    list_display = ("day", "is_final")
    ordering = ("-day",)
    sortable_by = ()
