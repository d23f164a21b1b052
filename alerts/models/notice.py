"""What only staff hear: something is wrong with the product itself, or with a provider."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class StaffNotice(models.Model):
    """One thing that staff must look at, however often it is seen.

    `subject` is what it is about: a provider's name, that of a machine, the id of a destination or
    of an incident. At most one notice of a kind is open per subject; it closes when the thing has
    not been seen for a while.
    """

    class Kind(models.TextChoices):
        KEY_REJECTED = "key_rejected", "a provider refuses our key"
        PROBE_MISCONFIGURED = "probe_misconfigured", "our probe needs an update"
        DESTINATION_DISABLED = "destination_disabled", "a destination was switched off"
        NOTIFICATION_DEAD = "notification_dead", "a message could not be delivered"
        CHECKS_FAIL = "checks_fail", "our own checks fail"
        CHECK_PARKED = "check_parked", "a check ends its process"
        WRONG_CLOCK = "wrong_clock", "a machine's clock is wrong"
        PROVIDER_INCIDENT = "provider_incident", "a provider fails for many"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=30, choices=Kind)
    subject = models.CharField(max_length=100)
    message = models.TextField()
    opened_at = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "staff_notices"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(closed_at=None),
                name="one_open_notice_per_kind_and_subject",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
                name="a_notice_closes_after_it_opened",
            ),
        ]

    def __str__(self) -> str:
        return self.message
