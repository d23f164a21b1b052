"""The rows: who is watched, how they are, how they were."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from integrations_health.fields import EncryptedTextField
from integrations_health.status import Status
from integrations_health.timezones import validate_time_zone

STATUSES = [(status.value, status.value) for status in Status]


class User(AbstractUser):
    """A person: an end user of the application, or a member of its staff.

    `external_id` is the application's own id of the user, and the user id at the providers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    external_id = models.CharField(max_length=255, unique=True, null=True, blank=True)  # noqa: DJ001 - null, not "", so that many may have none
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])

    class Meta:
        db_table = "users"


class Integration(models.Model):
    """One user's connection to one service through one provider."""

    class ProbePolicy(models.TextChoices):
        ALWAYS = "always", "at every check"
        EVERY_NTH = "every_nth", "at every n-th check"
        ON_SUSPICION = "on_suspicion", "only on suspicion"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="integrations")
    service = models.CharField(max_length=50)
    provider = models.CharField(max_length=50)
    server_instance_id = models.CharField(max_length=255)
    display_name = models.CharField(max_length=200, blank=True, default="")
    enabled = models.BooleanField(default=True)
    interval_seconds = models.PositiveIntegerField(
        default=300, validators=[MinValueValidator(60), MaxValueValidator(3600)]
    )
    probe_policy = models.CharField(
        max_length=20, choices=ProbePolicy, default=ProbePolicy.ALWAYS
    )
    probe_every = models.PositiveSmallIntegerField(
        default=12, validators=[MinValueValidator(2), MaxValueValidator(1000)]
    )
    probe_tool = models.CharField(max_length=200, blank=True, default="")
    probe_arguments = models.JSONField(null=True, blank=True)
    provider_user_id = models.CharField(max_length=255, blank=True, default="")
    auth_config_id = models.CharField(max_length=255, blank=True, default="")
    server_url = EncryptedTextField(blank=True, default="")
    server_token = EncryptedTextField(blank=True, default="")
    connected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "user_integrations"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "server_instance_id", "user", "service"],
                name="one_integration_per_user_service_and_connection",
            ),
            models.CheckConstraint(
                condition=Q(interval_seconds__gte=60, interval_seconds__lte=3600),
                name="interval_is_a_minute_to_an_hour",
            ),
            models.CheckConstraint(
                condition=Q(probe_every__gte=2), name="every_nth_probe_means_at_least_two"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or f"{self.service} via {self.provider}"


class HealthCheck(models.Model):
    """How one integration is now, and when to look again.

    The pair of `next_check_at` and `check_seq` is schedule and lease: a claim moves the first
    ahead and raises the second; a result counts only with the current `check_seq`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.OneToOneField(
        Integration, on_delete=models.CASCADE, related_name="health", db_constraint=False
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    service = models.CharField(max_length=50)
    provider = models.CharField(max_length=50)
    enabled = models.BooleanField(default=True)
    status = models.CharField(max_length=20, choices=STATUSES, default=Status.UNKNOWN)
    response_time_ms = models.PositiveIntegerField(null=True, blank=True)
    last_check_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(db_default=Now())
    consecutive_failures = models.PositiveIntegerField(default=0)
    error_message = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=50, blank=True, default="")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    check_seq = models.BigIntegerField(default=0)
    applied_seq = models.BigIntegerField(default=0)
    slot_at = models.DateTimeField(null=True, blank=True)
    crash_count = models.PositiveSmallIntegerField(default=0)
    parked_at = models.DateTimeField(null=True, blank=True)
    ok_streak = models.PositiveIntegerField(default=0)
    failing_streak = models.PositiveIntegerField(default=0)
    suspected_at = models.DateTimeField(null=True, blank=True)
    active_since = models.DateTimeField(null=True, blank=True)
    status_since = models.DateTimeField(null=True, blank=True)
    state_version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "integration_health_checks"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["user", "service"], name="idx_health_user_service"),
            models.Index(
                fields=["provider", "next_check_at"],
                condition=Q(enabled=True),
                name="idx_health_next_check",
            ),
            models.Index(fields=["status"], name="idx_health_status"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(applied_seq__lte=F("check_seq")),
                name="no_result_is_applied_before_its_claim",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[status.value for status in Status]),
                name="status_is_one_of_the_four",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.HEALTHY) | Q(consecutive_failures=0),
                name="a_healthy_integration_has_no_failures_in_a_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} via {self.provider}: {self.status}"


class HealthHistory(models.Model):
    """One finished check, for ever unchanged. The table is partitioned by month of `checked_at`.

    Its key in the database is (id, checked_at); the id alone is unique by the way it is made (see
    `history.key`), which is what Django's admin and detail views need.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    integration_id = models.UUIDField()
    user_id = models.UUIDField()
    service = models.CharField(max_length=50)
    status = models.CharField(max_length=20, choices=STATUSES)
    outcome = models.CharField(max_length=50)
    response_time_ms = models.PositiveIntegerField(null=True)
    checked_at = models.DateTimeField()
    error_message = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=50, blank=True, default="")

    class Meta:
        db_table = "integration_health_history"
        verbose_name_plural = "health history"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["integration_id", "-checked_at"], name="idx_history_integration"),
            models.Index(fields=["service", "checked_at"], name="idx_history_aggregation"),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.status} at {self.checked_at:%Y-%m-%d %H:%M:%S}"


class DailyHealth(models.Model):
    """One integration's UTC day in numbers, rolled up from history. Partitioned like it.

    `downtime_seconds` and `degraded_seconds` are the time its status was unhealthy or degraded;
    the percentiles are in milliseconds and null when nothing was measured.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    integration_id = models.UUIDField()
    user_id = models.UUIDField()
    service = models.CharField(max_length=50)
    day = models.DateField()
    checks = models.PositiveIntegerField()
    healthy_checks = models.PositiveIntegerField()
    degraded_checks = models.PositiveIntegerField()
    unhealthy_checks = models.PositiveIntegerField()
    downtime_seconds = models.PositiveIntegerField()
    degraded_seconds = models.PositiveIntegerField()
    p50_ms = models.PositiveIntegerField(null=True)
    p95_ms = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = "integration_health_daily"
        verbose_name_plural = "daily health"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["integration_id", "-day"], name="idx_daily_integration"),
        ]

    def __str__(self) -> str:
        return f"{self.service} on {self.day}"


class ProviderIncident(models.Model):
    """A provider (or one service of it) that fails for many. Overlays status when it is read."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=50)
    service = models.CharField(max_length=50, blank=True, default="")
    cause = models.CharField(max_length=50)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    affected_users = models.PositiveIntegerField(default=0)

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
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.service}".strip()


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
    """The last instant at which the schedule was looked at, in one row."""

    name = models.CharField(max_length=50, primary_key=True)
    beaten_at = models.DateTimeField()

    class Meta:
        db_table = "monitor_heartbeats"

    def __str__(self) -> str:
        return self.name


class MonitoringGap(models.Model):
    """A time in which we did not watch: no statement about anybody's health covers it."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        db_table = "monitoring_gaps"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(ended_at__gt=F("started_at")), name="a_gap_ends_after_it_started"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} to {self.ended_at:%Y-%m-%d %H:%M}"
