"""Keys of the application's back end."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ApiKey(models.Model):
    """A key with which a program of the application calls the API for all its users.

    The key itself was shown once and is not kept: `prefix` finds its row, `digest` proves it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, help_text="Which program has it, and where")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    may_write = models.BooleanField(
        default=False, help_text="Register, change and check too, and act for one user"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=~Q(name=""), name="an_api_key_says_which_program_has_it"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def has_ended(self, now: datetime) -> bool:
        """Say whether the key is worth nothing any more."""
        return self.revoked_at is not None or (
            self.expires_at is not None and self.expires_at <= now
        )
