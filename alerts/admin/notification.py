"""What support staff see of messages."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from alerts.models import Destination, Notification
from integrations_health.staff_pages import ReadOnlyAdmin


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """Who was told, and who is still to be told."""

    list_display = ("recipient", "channel", "state", "attempts", "created_at")
    list_filter = ("state", "channel")
    ordering = ("-created_at",)
    exclude = ("body", "lease_token")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Leave the secrets of the destinations in the database."""
        rows = super().get_queryset(request).select_related("destination")
        return rows.defer(*(f"destination__{secret}" for secret in Destination.SECRETS))
