"""What the engine must remember between two checks, and what it decided."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from alerts.models.alert import Alert
from alerts.models.rule import AlertRule
from integrations_health.models import Integration


class Cooldown(models.Model):
    """Until when a rule stays quiet about an integration after it told somebody."""

    # Without a constraint, as in Decision: see ADR 37.
    rule = models.ForeignKey(
        AlertRule,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    integration = models.ForeignKey(
        Integration,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    until = models.DateTimeField()

    class Meta:
        db_table = "alert_cooldowns"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["integration", "rule"], name="one_cooldown_per_rule_and_integration"
            ),
        ]

    def __str__(self) -> str:
        return f"until {self.until:%Y-%m-%d %H:%M}"


class Flap(models.Model):
    """How restless an integration is: each fall and recovery adds, and time takes away.

    `penalty` is as it was at `counted_at`.
    """

    integration = models.OneToOneField(
        Integration, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    penalty = models.FloatField()
    counted_at = models.DateTimeField()
    is_flapping = models.BooleanField(default=False)

    class Meta:
        db_table = "alert_flaps"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(penalty__gte=0), name="no_penalty_is_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.penalty:.0f}"


class Decision(models.Model):
    """One thing the engine or a person decided, and why. Never changed; gone after 90 days."""

    class Verdict(models.TextChoices):
        OPENED = "opened"
        ESCALATED = "escalated"
        TOLD = "told"
        HELD_BACK = "held_back", "held back"
        FLAPPING = "flapping"
        ACKNOWLEDGED = "acknowledged"
        UNACKNOWLEDGED = "unacknowledged"
        RESOLVED = "resolved"

    alert = models.ForeignKey(
        Alert,
        on_delete=models.CASCADE,
        db_constraint=False,
        db_index=False,
        related_name="decisions",
    )
    at = models.DateTimeField()
    # Null: the engine itself.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,
        related_name="+",
    )
    verdict = models.CharField(max_length=20, choices=Verdict)
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "alert_decisions"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["alert", "at"], name="idx_decisions_of_alert"),
            models.Index(
                fields=["actor"], condition=Q(actor__isnull=False), name="idx_decisions_actor"
            ),
        ]

    def __str__(self) -> str:
        return self.reason
