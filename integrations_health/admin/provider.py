"""What staff see of providers, and of the pulse of our own schedule."""

from django.contrib import admin

from integrations_health.models import Heartbeat, ProviderBudget, ProviderIncident
from integrations_health.staff_pages import ReadOnlyAdmin


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
