"""How each integration was: checks, days, and the times in which nobody watched."""

from typing import ClassVar

from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from integrations_health.models.health import STATUS_VALUES, STATUSES
from integrations_health.models.ownership import OwnedQuerySet


class HealthHistory(models.Model):
    """One finished check, for ever unchanged. The table is partitioned by month of `checked_at`.

    Its key in the database is (id, checked_at); the id alone is unique by the way it is made (see
    `check_ids.check_id`), which is what Django's admin and detail views need.
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

    objects = OwnedQuerySet.as_manager()

    class Meta:
        db_table = "integration_health_history"
        verbose_name_plural = "health history"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["integration_id", "-checked_at"], name="idx_history_integration"),
            # Checks are appended in the order of time: what is added up of a time lies together,
            # and an index of its blocks costs a check next to nothing.
            BrinIndex(
                fields=["service", "checked_at"],
                name="idx_history_aggregation",
                autosummarize=True,
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(status__in=STATUS_VALUES),
                name="status_in_history_is_one_of_the_four",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.status} at {self.checked_at:%Y-%m-%d %H:%M:%S}"


class DailyHealth(models.Model):
    """One integration's UTC day in numbers, rolled up from history. Partitioned like it.

    `downtime_seconds` and `degraded_seconds` are the time its status was unhealthy or degraded,
    out of the `observed_seconds` in which we knew its status; `outage_seconds` and
    `impaired_seconds` are the parts of them for which the provider or the service was to blame. The
    percentiles are in milliseconds and null when nothing was measured.
    """

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    integration_id = models.UUIDField()
    user_id = models.UUIDField()
    service = models.CharField(max_length=50)
    day = models.DateField()
    checks = models.PositiveIntegerField()
    healthy_checks = models.PositiveIntegerField()
    degraded_checks = models.PositiveIntegerField()
    unhealthy_checks = models.PositiveIntegerField()
    observed_seconds = models.PositiveIntegerField()
    downtime_seconds = models.PositiveIntegerField()
    degraded_seconds = models.PositiveIntegerField()
    outage_seconds = models.PositiveIntegerField(default=0, db_default=0)
    impaired_seconds = models.PositiveIntegerField(default=0, db_default=0)
    p50_ms = models.PositiveIntegerField(null=True)
    p95_ms = models.PositiveIntegerField(null=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        db_table = "integration_health_daily"
        verbose_name_plural = "daily health"
        indexes: ClassVar[list[models.Index]] = [
            # Of a hundred days one holds trouble: who asks for these reads no others.
            models.Index(
                fields=["day", "integration_id"],
                condition=Q(healthy_checks__lt=F("checks")),
                name="idx_daily_trouble",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["integration_id", "day"], name="one_row_per_integration_and_day"
            ),
            models.CheckConstraint(
                condition=Q(
                    observed_seconds__lte=86_400,
                    observed_seconds__gte=F("downtime_seconds") + F("degraded_seconds"),
                ),
                name="no_day_is_longer_than_what_was_observed",
            ),
            models.CheckConstraint(
                condition=Q(
                    outage_seconds__lte=F("downtime_seconds"),
                    impaired_seconds__lte=F("degraded_seconds"),
                ),
                name="no_outage_is_longer_than_the_downtime",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} on {self.day}"


class ProviderDay(models.Model):
    """A UTC day of one service through a provider, or of the provider ("" as the service).

    Over everybody who uses it, in numbers only: `users` says whether it is enough people to tell
    anybody else of it. Times in which single users' own grants failed are nobody's outage.
    """

    day = models.DateField()
    provider = models.CharField(max_length=50)
    service = models.CharField(max_length=50, blank=True, default="")
    users = models.PositiveIntegerField()
    observed_seconds = models.BigIntegerField()
    outage_seconds = models.BigIntegerField()
    impaired_seconds = models.BigIntegerField()

    class Meta:
        db_table = "provider_days"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["day", "provider", "service"],
                name="one_row_per_provider_service_and_day",
            ),
            models.CheckConstraint(
                condition=Q(observed_seconds__gte=F("outage_seconds") + F("impaired_seconds")),
                name="no_provider_fails_longer_than_it_was_observed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.service}".strip() + f" on {self.day}"


class RolledUpDay(models.Model):
    """A UTC day of which every integration has its DailyHealth.

    It is final when it was rolled up once more, a day later, for checks that were recorded late.
    """

    day = models.DateField(primary_key=True)
    is_final = models.BooleanField()

    class Meta:
        db_table = "rolled_up_days"

    def __str__(self) -> str:
        return f"{self.day}"


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
