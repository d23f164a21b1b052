"""What support staff see of alerts."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from alerts.models import Alert
from integrations_health.staff_pages import ReadOnlyAdmin, without_secrets


class StateFilter(admin.SimpleListFilter):
    """Choose alerts by what still has to be done about them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return the three states an alert can be in."""
        return [("open", "open"), ("acknowledged", "acknowledged"), ("resolved", "resolved")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Keep the alerts in the chosen state."""
        match self.value():
            case "open":
                return queryset.filter(resolved_at=None, acknowledged_at=None)
            case "acknowledged":
                return queryset.filter(resolved_at=None, acknowledged_at__isnull=False)
            case "resolved":
                return queryset.filter(resolved_at__isnull=False)
            case _:
                return queryset


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """What somebody should look at, newest first."""

    list_display = (
        "severity",
        "message",
        "user",
        "integration",
        "created_at",
        "acknowledged_by",
        "resolved_at",
    )
    list_filter = (StateFilter, "severity", "alert_type", "integration__provider")
    list_select_related = ("user", "integration", "acknowledged_by")
    ordering = ("-created_at", "id")
    search_fields = (
        "user__username__startswith",
        "user__email__startswith",
        "user__external_id__exact",
        "integration__server_instance_id__exact",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the integrations in the database."""
        return without_secrets(super().get_queryset(request), "user", "acknowledged_by")
