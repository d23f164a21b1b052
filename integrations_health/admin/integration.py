"""What staff see and tune of integrations."""

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from integrations_health import audit, rechecks
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
        chosen = list(queryset)
        asked = rechecks.ask([one.pk for one in chosen])
        audit.note(request, chosen, "Asked for a check at once.")
        left = [f"{why} and left alone." for why in asked.passed_over]
        self.message_user(request, " ".join([asked.told, *left]), messages.SUCCESS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A new integration needs its secrets, which no form takes: the app registers it."""
        return False
