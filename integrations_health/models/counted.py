"""What Prometheus is told of checks: how many there ever were, and how the last hour's ended."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class CheckCount(models.Model):
    """How many results of one batch ended alike: written with them, and soon added to a total.

    A row each, so that no two workers ever wait for the same one.
    """

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=50)
    service = models.CharField(max_length=50)
    outcome = models.CharField(max_length=50)
    checks = models.IntegerField()

    class Meta:
        db_table = "check_counts"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(checks__gt=0), name="what_is_counted_is_some"),
        ]

    def __str__(self) -> str:
        return f"{self.checks} of {self.service} through {self.provider}: {self.outcome}"


class CheckTotal(models.Model):
    """How many checks of a service through a provider ever ended in an outcome. Never falls.

    A service that had no name of its own when it was counted is in the total of "other".
    """

    provider = models.CharField(max_length=50)
    service = models.CharField(max_length=50)
    outcome = models.CharField(max_length=50)
    checks = models.BigIntegerField()

    class Meta:
        db_table = "check_totals"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "service", "outcome"],
                name="one_total_per_provider_service_and_outcome",
            ),
            models.CheckConstraint(condition=Q(checks__gt=0), name="a_total_is_of_some"),
        ]

    def __str__(self) -> str:
        return f"{self.checks} of {self.service} through {self.provider}: {self.outcome}"


class RecentChecks(models.Model):
    """How many integrations of a service were last checked within an hour, and are so now.

    The times are in milliseconds, of these last checks; null when none was measured. A service that
    has a name of its own has a row for each status, with 0 where there is none.
    """

    service = models.CharField(max_length=50)
    status = models.CharField(max_length=20)
    checks = models.PositiveIntegerField()
    average_ms = models.FloatField(null=True)
    p95_ms = models.FloatField(null=True)

    class Meta:
        db_table = "recent_checks"
        verbose_name_plural = "recent checks"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["service", "status"], name="one_row_per_service_and_status_of_an_hour"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checks} of {self.service}: {self.status}"
