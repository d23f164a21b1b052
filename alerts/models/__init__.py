"""The rows: what somebody should look at, by which rule, and who was told."""

from alerts.models.alert import Alert
from alerts.models.destination import Destination
from alerts.models.memory import Cooldown, Decision, Flap
from alerts.models.notice import StaffNotice
from alerts.models.notification import Notification, NotificationItem
from alerts.models.quiet import MaintenanceWindow, Silence
from alerts.models.rule import AlertRule

__all__ = [
    "Alert",
    "AlertRule",
    "Cooldown",
    "Decision",
    "Destination",
    "Flap",
    "MaintenanceWindow",
    "Notification",
    "NotificationItem",
    "Silence",
    "StaffNotice",
]
