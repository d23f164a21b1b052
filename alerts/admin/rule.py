"""What support staff see of rules."""

from django.contrib import admin

from alerts.models import AlertRule
from integrations_health.staff_pages import QuickAdmin


@admin.register(AlertRule)
class AlertRuleAdmin(QuickAdmin):
    """When an alert opens and whom it tells."""

    list_display = ("name", "condition", "threshold", "action", "cooldown_minutes", "enabled")
    list_filter = ("condition", "action", "enabled")
