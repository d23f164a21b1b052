"""Who was asked to connect again, and what came of it."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from integrations_health.models.integration import Integration, User
from integrations_health.models.ownership import OwnedQuerySet


class ReauthRequest(models.Model):
    """One time that an integration's owner is asked to connect it again.

    Its id is what a link is bound to. Once it is done, `old_instance_id` is the connection that was
    left behind, as it was, and `new_instance_id` the one that took its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.ForeignKey(
        Integration, on_delete=models.CASCADE, related_name="reauth_requests"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    old_instance_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    new_instance_id = models.CharField(max_length=255, blank=True, default="", db_default="")

    objects = OwnedQuerySet.as_manager()

    class Meta:
        db_table = "reauth_requests"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["old_instance_id"],
                condition=~Q(old_instance_id=""),
                name="idx_reauth_old_instance",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["integration"],
                condition=Q(closed_at=None),
                name="one_open_reauth_request_per_integration",
            ),
            models.CheckConstraint(
                condition=Q(new_instance_id="") | Q(closed_at__isnull=False),
                name="a_reauth_request_that_is_done_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
                name="a_reauth_request_closes_after_it_opened",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.integration_id} since {self.opened_at:%Y-%m-%d %H:%M}"

    @property
    def is_done(self) -> bool:
        """Say whether the owner connected again by it."""
        return bool(self.new_instance_id)


class ReauthAttempt(models.Model):
    """One way to a provider and back. Its id is what the state is bound to: it is used once.

    `announced_id` is the connection that the provider made for it, if it makes one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(ReauthRequest, on_delete=models.CASCADE, related_name="attempts")
    began_at = models.DateTimeField(db_default=Now())
    announced_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "reauth_attempts"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["announced_id"],
                condition=~Q(announced_id=""),
                name="idx_reauth_announced",
            ),
        ]

    def __str__(self) -> str:
        return f"began at {self.began_at:%Y-%m-%d %H:%M}"
