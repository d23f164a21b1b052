"""What holds for a provider as a whole, and the pulse of our own schedule."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class ProviderIncident(models.Model):
    """A provider (or one service of it) that fails for many. Overlays status when it is read.

    One that `is_detected` was seen by ourselves, and we end it; another is ended by whoever opened
    it. `holds_checks` while checks wait for its end. One that is `continued_by` another, a wider
    one or what is left of that, is closed, and over when that one is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=50)
    service = models.CharField(max_length=50, blank=True, default="")
    cause = models.CharField(max_length=50)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    affected_users = models.PositiveIntegerField(default=0)
    is_detected = models.BooleanField(db_default=False)
    holds_checks = models.BooleanField(db_default=False)
    continued_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="continues"
    )

    class Meta:
        db_table = "provider_incidents"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "service"],
                condition=Q(closed_at=None),
                name="one_open_incident_per_provider_and_service",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
                name="an_incident_closes_after_it_opened",
            ),
            models.CheckConstraint(
                condition=Q(continued_by=None) | Q(closed_at__isnull=False),
                name="an_incident_that_is_continued_is_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.service}".strip()


class OutageStreak(models.Model):
    """What the last looks at a provider, or a service, came to; see `outage_streaks`.

    `asked_at` is when some were last checked early because too little was seen.
    """

    provider = models.CharField(max_length=50, blank=True)
    service = models.CharField(max_length=50, blank=True)
    looks = models.PositiveSmallIntegerField(default=0)
    is_towards_end = models.BooleanField(default=False)
    judged_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "outage_streaks"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "service"], name="one_streak_per_provider_and_service"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.service}: {self.looks} in a row"


class ProviderBudget(models.Model):
    """What one provider still lets us ask, shared by every process.

    `calls_per_minute` is what the provider's own headers last said (null: the setting counts).
    `sweep_next_at` and `manual_next_at` are the instants at which the next scheduled and the next
    manual call may go out; before `blocked_until` none may.
    """

    provider = models.CharField(max_length=50, primary_key=True)
    calls_per_minute = models.PositiveIntegerField(null=True, blank=True)
    remaining = models.PositiveIntegerField(null=True, blank=True)
    remaining_at = models.DateTimeField(null=True, blank=True)
    sweep_next_at = models.DateTimeField(db_default=Now())
    manual_next_at = models.DateTimeField(db_default=Now())
    blocked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "provider_budgets"

    def __str__(self) -> str:
        return self.provider


class Heartbeat(models.Model):
    """The last instant at which something was looked at: a row each, such as the schedule's."""

    name = models.CharField(max_length=50, primary_key=True)
    beaten_at = models.DateTimeField()

    class Meta:
        db_table = "monitor_heartbeats"

    def __str__(self) -> str:
        return self.name
