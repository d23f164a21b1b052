"""Somebody should look: opened, acknowledged, resolved."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from alerts.holding import Reason
from alerts.models.rule import SEVERITIES, AlertRule
from alerts.rules import AlertType
from integrations_health.models import Integration, ProviderIncident
from integrations_health.models.ownership import OwnedQuerySet

TYPES = [(one.value, one.value) for one in AlertType]
REASONS = [(one.value, one.value.replace("_", " ")) for one in Reason]


class Alert(models.Model):
    """What one rule found at one integration. Only `alerts.lifecycle` writes it.

    `began_at` is since when it is so, as far as that is known: by the third failure in a row it is
    so since the first. `told_at` is when its opening was handed over to be sent, `sent_at` when it
    really went out. An escalation is owed from `escalated_at` until `escalation_told_at`. While
    either is owed, `held_back` says why, and `held_until` when that ends by itself. A flapping
    alert stays open through the ups and downs of its integration until these end.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="alerts")
    # Its index is the one below that also has the order of a person's list.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    # Not PROTECT: who deletes a user deletes the rules for them with their alerts.
    rule = models.ForeignKey(AlertRule, on_delete=models.RESTRICT, null=True, related_name="alerts")
    # What most alerts have none of is in an index without these: each opening writes all others.
    incident = models.ForeignKey(
        ProviderIncident,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,
        related_name="alerts",
    )
    recovers = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, db_index=False, related_name="+"
    )
    alert_type = models.CharField(max_length=50, choices=TYPES)
    severity = models.CharField(max_length=20, choices=SEVERITIES)
    message = models.TextField()
    error_code = models.CharField(max_length=50, blank=True, default="", db_default="")
    is_flapping = models.BooleanField(default=False, db_default=False)
    began_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    held_back = models.CharField(
        max_length=20, choices=REASONS, blank=True, default="", db_default=""
    )
    held_until = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    escalation_told_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,
        related_name="+",
    )
    acknowledgement_note = models.CharField(max_length=500, blank=True, default="", db_default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,
        related_name="+",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        db_table = "health_check_alerts"
        permissions = (
            ("acknowledge_alert", "Can acknowledge alerts, and take that back"),
            ("resolve_alert", "Can resolve alerts by hand"),
            ("send_reauth_link", "Can send owners a link to reconnect"),
        )
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["-created_at"], condition=Q(resolved_at=None), name="idx_alerts_open"
            ),
            models.Index(fields=["-created_at", "id"], name="idx_alerts_newest"),
            models.Index(fields=["user", "-created_at", "id"], name="idx_alerts_newest_of_user"),
            *(
                models.Index(
                    fields=[name],
                    condition=Q((f"{name}__isnull", False)),
                    name=f"idx_alerts_{name}",
                )
                for name in ("incident", "acknowledged_by", "resolved_by")
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # In this order, since every batch looks for the open alerts of its integrations.
            models.UniqueConstraint(
                fields=["integration", "rule"],
                condition=Q(resolved_at=None),
                name="one_open_alert_per_rule_and_integration",
            ),
            models.UniqueConstraint(
                fields=["recovers"],
                condition=Q(recovers__isnull=False),
                name="an_alert_has_one_all_clear",
            ),
            models.CheckConstraint(
                condition=Q(began_at=None) | Q(began_at__lte=F("created_at")),
                name="an_alert_begins_before_it_opens",
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
                condition=Q(alert_type="recovered") | Q(recovers=None),
                name="only_an_all_clear_ends_another_alert",
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
                condition=Q(resolved_by=None) | Q(resolved_at__isnull=False),
                name="who_resolved_an_alert_did_so_at_some_time",
            ),
            models.CheckConstraint(
                condition=Q(escalation_told_at=None)
                | Q(escalated_at__isnull=False, told_at__isnull=False),
                name="an_escalation_is_told_to_who_knows_of_the_alert",
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

    @property
    def since(self) -> datetime:
        """Return since when it is so; since it opened, where nothing better is known."""
        return self.began_at or self.created_at
