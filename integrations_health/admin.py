"""What support staff see of people, integrations and their health."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from integrations_health.models import (
    ApiKey,
    DailyHealth,
    HealthCheck,
    HealthHistory,
    Heartbeat,
    Integration,
    MonitoringGap,
    ProviderBudget,
    ProviderIncident,
    User,
)
from integrations_health.staff_pages import OwnerAdmin, QuickAdmin, ReadOnlyAdmin, without_secrets

if TYPE_CHECKING:
    AccountAdmin = UserAdmin[User]
else:
    AccountAdmin = UserAdmin


@admin.register(User)
class PersonAdmin(OwnerAdmin, AccountAdmin):
    """People: end users and staff."""

    list_display = ("username", "email", "external_id", "timezone", "is_staff", "is_active")
    search_fields = ("username__startswith", "email__startswith", "external_id__exact")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Here", {"fields": ("external_id", "timezone")}))


@admin.register(Integration)
class IntegrationAdmin(OwnerAdmin):
    """Integrations. They are registered by the app; staff may pause and tune them."""

    list_display = ("__str__", "user", "service", "provider", "enabled", "interval_seconds")
    list_filter = ("provider", "service", "enabled", "probe_policy")
    list_select_related = ("user",)
    search_fields = (
        "server_instance_id__exact",
        "provider_user_id__exact",
        "user__username__startswith",
        "user__email__startswith",
        "user__external_id__exact",
    )
    exclude = Integration.SECRETS
    readonly_fields = (
        "user",
        "service",
        "provider",
        "server_instance_id",
        "provider_user_id",
        "auth_config_id",
        "connected_at",
        "created_at",
        "updated_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new integration needs its secrets, which no form takes: the app registers it."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets in the database."""
        return super().get_queryset(request).defer(*Integration.SECRETS)


@admin.register(ApiKey)
class ApiKeyAdmin(QuickAdmin):
    """Keys of the application's back end. `manage.py create_api_key` makes one and shows it."""

    list_display = (
        "name", "prefix", "may_write", "created_at", "expires_at", "revoked_at", "last_used_at"
    )  # fmt: skip
    list_filter = ("may_write", ("revoked_at", admin.EmptyFieldListFilter))
    search_fields = ("name__startswith", "prefix__exact")
    # Nothing is shown of the digest, and nothing of a key is changed: it ends by being revoked.
    fields = readonly_fields = list_display
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A page would keep the key in the browser's history; a command prints it once."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the digests in the database."""
        return super().get_queryset(request).defer("digest")

    @admin.action(description="Revoke the chosen keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """End the chosen keys at once, and for good."""
        ended = list(queryset.filter(revoked_at=None))
        queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        for key in ended:
            self.log_change(request, key, "Revoked.")
        self.message_user(request, f"{len(ended)} revoked.", messages.SUCCESS)


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
    list_select_related = ("user",)
    search_fields = (
        "user__username__startswith",
        "user__email__startswith",
        "user__external_id__exact",
        "integration__server_instance_id__exact",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the integrations in the database."""
        return without_secrets(super().get_queryset(request))


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


@admin.register(ProviderIncident)
class ProviderIncidentAdmin(ReadOnlyAdmin):
    """Outages of providers."""

    list_display = ("provider", "service", "cause", "opened_at", "closed_at", "affected_users")
    list_filter = ("provider", "service", ("closed_at", admin.EmptyFieldListFilter))
    ordering = ("-opened_at",)


@admin.register(ProviderBudget)
class ProviderBudgetAdmin(ReadOnlyAdmin):
    """What the providers still let us ask."""

    list_display = ("provider", "calls_per_minute", "remaining", "remaining_at", "blocked_until")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """When the schedule was last looked at."""

    list_display = ("name", "beaten_at")


@admin.register(MonitoringGap)
class MonitoringGapAdmin(ReadOnlyAdmin):
    """When nobody watched."""

    list_display = ("started_at", "ended_at")
    ordering = ("-started_at",)
