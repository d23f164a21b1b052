"""What support staff see of alerts, their rules and who was told."""

from alerts.admin.alert import AlertAdmin
from alerts.admin.memory import CooldownAdmin, DecisionAdmin, FlapAdmin, NotificationItemAdmin
from alerts.admin.notification import NotificationAdmin
from alerts.admin.quiet import MaintenanceWindowAdmin, SilenceAdmin
from alerts.admin.rule import AlertRuleAdmin

__all__ = [
    "AlertAdmin",
    "AlertRuleAdmin",
    "CooldownAdmin",
    "DecisionAdmin",
    "FlapAdmin",
    "MaintenanceWindowAdmin",
    "NotificationAdmin",
    "NotificationItemAdmin",
    "SilenceAdmin",
]
