"""How each integration is now."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from integrations_health.models.integration import Integration, User
from integrations_health.models.ownership import OwnedQuerySet
from integrations_health.status import Status

STATUSES = [(status.value, status.value) for status in Status]
STATUS_VALUES = [status.value for status in Status]


class HealthCheck(models.Model):
    """How one integration is now, and when to look again.

    `next_check_at` is the schedule. A claim writes a row of ClaimedBatch, none here: its result has
    the number after `check_seq`, the newest that is used up, and `applied_seq` is the newest of
    those that were recorded. Whoever changes the state raises `state_version`, by which a result
    knows whether the row is still as its claim read it.

    The row comes with its Integration, by which it is known, so the defaults are the database's.
    `user`, `service`, `provider` and `enabled` are copies, which a foreign key over all of them
    keeps equal.
    """

    integration = models.OneToOneField(
        Integration,
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="health",
        db_constraint=False,
    )
    # A user's rows go with their integrations: nobody need look for them.
    user = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    service = models.CharField(max_length=50)
    provider = models.CharField(max_length=50)
    enabled = models.BooleanField()
    status = models.CharField(max_length=20, choices=STATUSES, db_default=Status.UNKNOWN.value)
    response_time_ms = models.PositiveIntegerField(null=True, blank=True)
    last_check_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(db_default=Now())
    consecutive_failures = models.PositiveIntegerField(db_default=0)
    error_message = models.TextField(blank=True, db_default="")
    error_code = models.CharField(max_length=50, blank=True, db_default="")
    metadata = models.JSONField(blank=True, db_default=Value({}, models.JSONField()))
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    check_seq = models.BigIntegerField(db_default=0)
    applied_seq = models.BigIntegerField(db_default=0)
    # The slot that the last check answered; None: somebody made it due since.
    slot_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    crash_count = models.PositiveSmallIntegerField(db_default=0)
    parked_at = models.DateTimeField(null=True, blank=True)
    ok_streak = models.PositiveIntegerField(db_default=0)
    failing_streak = models.PositiveIntegerField(db_default=0)
    suspected_at = models.DateTimeField(null=True, blank=True)
    active_since = models.DateTimeField(null=True, blank=True)
    status_since = models.DateTimeField(null=True, blank=True)
    state_version = models.BigIntegerField(db_default=0)
    # When somebody last had it checked by hand; see `manual_slots`.
    manual_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        db_table = "integration_health_checks"
        indexes: ClassVar[list[models.Index]] = [
            # Each check writes all of them: somebody's rows are found by their integrations.
            models.Index(
                fields=["provider", "next_check_at"],
                condition=Q(enabled=True),
                name="idx_health_next_check",
            ),
            # Empty but after a crash; see `claim_sql`.
            models.Index(
                fields=["provider", "next_check_at"],
                condition=Q(enabled=True, crash_count__gt=0),
                name="idx_health_suspect",
            ),
            # Not of the healthy: each check would write it, and nobody looks for them by status.
            models.Index(
                fields=["status"],
                condition=~Q(status=Status.HEALTHY.value),
                name="idx_health_status",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(applied_seq__lte=F("check_seq")),
                name="no_result_is_applied_before_its_claim",
            ),
            models.CheckConstraint(
                condition=Q(status__in=STATUS_VALUES),
                name="status_is_one_of_the_four",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.HEALTHY.value) | Q(consecutive_failures=0),
                name="a_healthy_integration_has_no_failures_in_a_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} via {self.provider}: {self.status}"


class ClaimedBatch(models.Model):
    """What one worker is checking right now, until it is done or its lease is over.

    `check_seqs` are the numbers of the results, in the order of `integration_ids`. An integration
    whose `check_seq` has reached its number is not held any more.
    """

    id = models.BigAutoField(primary_key=True)
    provider = models.CharField(max_length=50)
    leased_until = models.DateTimeField()
    integration_ids = ArrayField(models.UUIDField())
    check_seqs = ArrayField(models.BigIntegerField())

    class Meta:
        db_table = "claimed_batches"
        verbose_name_plural = "claimed batches"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(integration_ids__len=F("check_seqs__len")),
                name="each_claimed_integration_has_its_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{len(self.integration_ids)} integrations of {self.provider}"
