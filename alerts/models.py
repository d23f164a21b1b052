"""The rows: what somebody should look at, by which rule, and who was told."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from integrations_health.models import Integration, ProviderIncident


class AlertRule(models.Model):
    """When an alert opens, and whom it tells by which channel."""

    class Condition(models.TextChoices):
        CONSECUTIVE_FAILURES = "consecutive_failures"
        RESPONSE_TIME = "response_time"
        ERROR_RATE = "error_rate"

    class Action(models.TextChoices):
        EMAIL = "email"
        WEBHOOK = "webhook"
        SLACK = "slack"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    condition = models.CharField(max_length=50, choices=Condition)
    threshold = models.FloatField(validators=[MinValueValidator(0)])
    action = models.CharField(max_length=20, choices=Action)
    cooldown_minutes = models.PositiveIntegerField(default=60)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "alert_rules"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(threshold__gt=0), name="a_threshold_is_above_zero"),
            models.CheckConstraint(
                condition=Q(condition__in=["consecutive_failures", "response_time", "error_rate"]),
                name="a_rule_looks_at_one_of_three_conditions",
            ),
            models.CheckConstraint(
                condition=Q(action__in=["email", "webhook", "slack"]),
                name="a_rule_tells_by_one_of_three_channels",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.condition} {self.threshold:g} by {self.action}"


class Alert(models.Model):
    """Somebody should look: opened, acknowledged, resolved."""

    class Type(models.TextChoices):
        FAILURE = "failure"
        DEGRADED = "degraded"
        RECOVERED = "recovered"

    class Severity(models.TextChoices):
        CRITICAL = "critical"
        WARNING = "warning"
        INFO = "info"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="alerts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, null=True, related_name="alerts")
    incident = models.ForeignKey(
        ProviderIncident, on_delete=models.SET_NULL, null=True, related_name="alerts"
    )
    alert_type = models.CharField(max_length=50, choices=Type)
    severity = models.CharField(max_length=20, choices=Severity)
    message = models.TextField()
    sent_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "health_check_alerts"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["-created_at"], condition=Q(resolved_at=None), name="idx_alerts_open"
            ),
            models.Index(fields=["-created_at", "id"], name="idx_alerts_newest"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["rule", "integration"],
                condition=Q(resolved_at=None),
                name="one_open_alert_per_rule_and_integration",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None) | Q(resolved_at__gte=F("created_at")),
                name="an_alert_is_resolved_after_it_opened",
            ),
            models.CheckConstraint(
                condition=~Q(alert_type="recovered") | Q(resolved_at__isnull=False),
                name="an_all_clear_is_never_open",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | Q(acknowledged_at__gte=F("created_at")),
                name="an_alert_is_acknowledged_after_it_opened",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_by=None) | Q(acknowledged_at__isnull=False),
                name="who_acknowledged_an_alert_did_so_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(alert_type__in=["failure", "degraded", "recovered"]),
                name="alert_type_is_one_of_the_three",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["critical", "warning", "info"]),
                name="severity_is_one_of_the_three",
            ),
        ]

    def __str__(self) -> str:
        return self.message


class Notification(models.Model):
    """One message about an alert to one destination; sent at least once, always with this id."""

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        SENT = "sent"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notifications")
    event = models.CharField(max_length=20)
    channel = models.CharField(max_length=20, choices=AlertRule.Action)
    destination = models.CharField(max_length=255)
    state = models.CharField(max_length=20, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "notifications"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "next_attempt_at"],
                condition=Q(state__in=["pending", "sending"]),
                name="idx_notifications_due",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["alert", "event", "destination"],
                name="one_notification_per_alert_event_and_destination",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
                name="a_sent_notification_knows_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "sending", "sent", "dead"]),
                name="a_notification_is_in_one_of_four_states",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} by {self.channel}"
