"""Who is watched: people and their integrations."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from integrations_health.fields import EncryptedTextField
from integrations_health.models.ownership import OwnedQuerySet
from integrations_health.timezones import validate_time_zone


class User(AbstractUser):
    """A person: an end user of the application, or a member of its staff.

    `external_id` is the application's own id of the user, and the user id at the providers.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Null, not "", so that many may have none.
    external_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])

    class Meta:
        db_table = "users"

    def __str__(self) -> str:
        return self.external_id or self.username


class Integration(models.Model):
    """One user's connection to one service through one provider.

    Every way to add one (a bulk insert, an SQL import) makes its HealthCheck too: a trigger does.
    """

    class ProbePolicy(models.TextChoices):
        ALWAYS = "always", "at every check"
        EVERY_NTH = "every_nth", "at every n-th check"
        ON_SUSPICION = "on_suspicion", "only on suspicion"

    # What only a check reads.
    SECRETS: ClassVar[tuple[str, ...]] = ("server_url", "server_token")

    id = models.UUIDField(
        primary_key=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="integrations")
    service = models.CharField(max_length=50)
    provider = models.CharField(max_length=50)
    server_instance_id = models.CharField(max_length=255)
    display_name = models.CharField(max_length=200, blank=True, default="", db_default="")
    enabled = models.BooleanField(default=True, db_default=True)
    interval_seconds = models.PositiveIntegerField(
        default=300,
        db_default=300,
        validators=[MinValueValidator(60), MaxValueValidator(3600)],
    )
    probe_policy = models.CharField(
        max_length=20,
        choices=ProbePolicy,
        default=ProbePolicy.ALWAYS,
        db_default=ProbePolicy.ALWAYS,
    )
    probe_every = models.PositiveSmallIntegerField(
        default=12, db_default=12, validators=[MinValueValidator(2), MaxValueValidator(1000)]
    )
    probe_tool = models.CharField(max_length=200, blank=True, default="", db_default="")
    probe_arguments = models.JSONField(null=True, blank=True)
    provider_user_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    auth_config_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    server_url = EncryptedTextField(blank=True, default="", db_default="")
    server_token = EncryptedTextField(blank=True, default="", db_default="")
    connected_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now())

    objects = OwnedQuerySet.as_manager()

    class Meta:
        db_table = "user_integrations"
        permissions = (("check_integration", "Can check integrations at once"),)
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["created_at", "id"], name="idx_integration_in_order"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["provider", "server_instance_id", "user", "service"],
                name="one_integration_per_user_service_and_connection",
            ),
            # What the foreign key of a health row refers to.
            models.UniqueConstraint(
                fields=["id", "user", "service", "provider", "enabled"],
                name="a_health_row_can_copy_its_integration",
            ),
            models.CheckConstraint(
                condition=Q(interval_seconds__gte=60, interval_seconds__lte=3600),
                name="interval_is_a_minute_to_an_hour",
            ),
            models.CheckConstraint(
                condition=Q(probe_every__gte=2), name="every_nth_probe_means_at_least_two"
            ),
            models.CheckConstraint(
                condition=Q(probe_policy__in=["always", "every_nth", "on_suspicion"]),
                name="probe_policy_is_one_of_the_three",
            ),
            models.CheckConstraint(
                condition=~Q(provider="") & ~Q(service=""),
                name="an_integration_names_its_provider_and_service",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or f"{self.service} via {self.provider}"
