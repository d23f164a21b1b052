"""What support staff see of alerts, their rules and who was told."""

from alerts.admin.alert import AlertAdmin
from alerts.admin.memory import CooldownAdmin, DecisionAdmin, FlapAdmin, NotificationItemAdmin
from alerts.admin.notification import NotificationAdmin
from alerts.admin.rule import AlertRuleAdmin

__all__ = [
    "AlertAdmin",
    "AlertRuleAdmin",
    "CooldownAdmin",
    "DecisionAdmin",
    "FlapAdmin",
    "NotificationAdmin",
    "NotificationItemAdmin",
]
