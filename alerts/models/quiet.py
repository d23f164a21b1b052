"""When people are left in peace: silences and maintenance."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from alerts.models import scope
from alerts.models.alert import Alert
from alerts.models.rule import AlertRule
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome

# What is longer is forgotten: nobody would hear of it when it matters again.
LONGEST = timedelta(days=366)


class Quiet(models.Model):
    """A time in which alerts that match are held back. What is left blank matches any."""

    service = models.CharField(max_length=50, blank=True, default="")
    provider = models.CharField(max_length=50, blank=True, default="")
    error_code = models.CharField(
        max_length=50,
        blank=True,
        default="",
        choices=[(code.value, code.value) for code in Outcome],
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    rule = models.ForeignKey(
        AlertRule, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    starts_at = models.DateTimeField(db_default=Now())
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    comment = models.CharField(max_length=500)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.comment

    def clean(self) -> None:
        """Refuse what would hide nothing, and an end before the start."""
        rows = type(self)._default_manager.filter(pk=self.pk)
        before = rows.values_list("service", "provider").first()
        if problems := scope.problems(self, before or ("", "")):
            raise ValidationError(problems)
        starts_at: Any = self.starts_at
        ends_at: Any = getattr(self, "ends_at", None)
        # Anything but two instants was refused, or left open, by its own field.
        if not isinstance(starts_at, datetime) or not isinstance(ends_at, datetime):
            return
        if ends_at <= starts_at:
            raise ValidationError({"ends_at": "Type an end after the start."})
        if ends_at - starts_at > LONGEST:
            raise ValidationError(
                {"ends_at": f"Type an end within {LONGEST.days} days of the start."}
            )


class Silence(Quiet):
    """Somebody asked for quiet about what they know of.

    It ends at `ends_at`, or, when it is for one alert, with that alert.
    """

    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, null=True, blank=True, related_name="silences"
    )
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "alert_silences"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=False) | Q(alert__isnull=False),
                name="a_silence_ends",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="a_silence_ends_after_it_started",
            ),
            models.CheckConstraint(
                condition=~Q(
                    service="",
                    provider="",
                    error_code="",
                    user=None,
                    integration=None,
                    rule=None,
                    alert=None,
                ),
                name="a_silence_says_what_it_hides",
            ),
        ]

    def clean(self) -> None:
        """Refuse a silence without an end, and one over everything."""
        if self.ends_at is None and self.alert_id is None:
            raise ValidationError({"ends_at": "Type when the silence ends."})
        super().clean()
        chosen = (self.service, self.provider, self.error_code, self.user_id)
        if not any((*chosen, self.integration_id, self.rule_id, self.alert_id)):
            raise ValidationError("Fill in what the silence hides. One over everything hides you.")


class MaintenanceWindow(Quiet):
    """Announced work: checks go on, nobody is alarmed. Blank throughout: all of it."""

    ends_at = models.DateTimeField()

    class Meta:
        db_table = "maintenance_windows"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="maintenance_ends_after_it_started"
            ),
        ]
