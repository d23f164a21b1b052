"""What staff see and tune of integrations."""

from datetime import timedelta

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from integrations_health import audit, schedule
from integrations_health.models import Integration
from integrations_health.staff_pages import OwnerAdmin


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

    actions = ("check_now",)

    def has_check_permission(self, request: HttpRequest) -> bool:
        """Say whether whoever asks may have integrations checked."""
        return request.user.has_perm("integrations_health.check_integration")

    @admin.action(description="Check the chosen integrations now", permissions=["check"])
    @transaction.atomic
    def check_now(self, request: HttpRequest, queryset: QuerySet[Model]) -> None:
        """Make the chosen integrations due; the next tick asks for them."""
        chosen = list(queryset.filter(enabled=True))
        schedule.make_due([one.pk for one in chosen], spread=timedelta())
        audit.note(request, chosen, "Made due for a check at once.")
        self.message_user(request, self._told(len(chosen), len(queryset)), messages.SUCCESS)

    @staticmethod
    def _told(checked: int, chosen: int) -> str:
        paused = f" {chosen - checked} paused and left alone." if checked < chosen else ""
        return f"{checked} will be checked within seconds.{paused}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new integration needs its secrets, which no form takes: the app registers it."""
        return False
