"""What support staff see of what the engine decided, and of what it remembers."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from alerts.models import Cooldown, Decision, Flap, NotificationItem
from integrations_health.staff_pages import ReadOnlyAdmin, without_secrets


class ByIntegrationAdmin(ReadOnlyAdmin):
    """Rows that concern one integration, found by its id."""

    search_fields = ("integration__id__exact",)
    search_help_text = "The id of an integration"
    sortable_by = ()
    shown_with: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the integrations in the database."""
        return without_secrets(super().get_queryset(request), *self.shown_with)


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """What was decided about alerts, by whom, and why."""

    list_display = ("at", "verdict", "reason", "alert", "actor")
    list_filter = ("verdict",)
    list_select_related = ("alert", "actor")
    # The id grows with the time, and it has an index.
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("alert__id__exact",)
    search_help_text = "The id of an alert"


@admin.register(Cooldown)
class CooldownAdmin(ByIntegrationAdmin):
    """Until when rules stay quiet about an integration."""

    list_display = ("rule", "integration", "until")
    shown_with = ("rule",)
    ordering = ("-id",)


@admin.register(Flap)
class FlapAdmin(ByIntegrationAdmin):
    """How restless integrations are."""

    list_display = ("integration", "penalty", "counted_at", "is_flapping")
    list_filter = ("is_flapping",)
    ordering = ("-integration_id",)


@admin.register(NotificationItem)
class NotificationItemAdmin(ReadOnlyAdmin):
    """What each message tells."""

    list_display = ("created_at", "event", "recipient", "alert", "notice", "notification")
    list_filter = ("event",)
    list_select_related = ("alert", "notice", "notification")
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("alert__id__exact", "notification__id__exact")
    search_help_text = "The id of an alert or of a message"
