"""Where messages go when they do not go to an integration's owner."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from integrations_health.fields import EncryptedTextField


class Channel(models.TextChoices):
    """How a message travels."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"


class Destination(models.Model):
    """A mailbox, a webhook or a Slack channel that a rule can name.

    The address of a webhook or of a Slack channel is a secret: who knows it can write there. While
    a webhook's secret is replaced, what is sent is signed with both. A destination that refuses
    everything is disabled by the product itself, and `disabled_reason` says why.
    """

    # What only a sender reads.
    SECRETS: ClassVar[tuple[str, ...]] = ("address", "secret", "previous_secret")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=Channel)
    email = models.EmailField(blank=True, default="", help_text="Only for kind email.")
    address = EncryptedTextField(blank=True, default="")
    secret = EncryptedTextField(blank=True, default="")
    previous_secret = EncryptedTextField(blank=True, default="")
    secret_rotated_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_for_staff = models.BooleanField(
        default=False, help_text="Hears what concerns the product itself, such as a refused key."
    )
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, default="", editable=False)
    last_attempt_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=200, blank=True, default="", editable=False)
    last_duration_ms = models.PositiveIntegerField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "alert_destinations"
        permissions = (("test_destination", "Can send a test to destinations"),)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(kind__in=Channel.values), name="a_destination_is_of_one_of_three_kinds"
            ),
            models.CheckConstraint(
                condition=Q(kind="email") ^ Q(email=""),
                name="a_mailbox_and_nothing_else_has_an_email",
            ),
        ]

    def __str__(self) -> str:
        return self.name
