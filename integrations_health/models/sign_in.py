"""How often somebody tried to sign in and failed."""

from typing import ClassVar

from django.db import models
from django.db.models import Q


class SignInTries(models.Model):
    """The tries of one account, one address, or both, until they are forgotten.

    `key` is a digest: people type their passwords where their names belong.
    """

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        db_table = "sign_in_tries"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["until"], name="idx_sign_in_tries_until"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(tries__gte=0), name="nobody_tries_less_than_never"),
        ]

    def __str__(self) -> str:
        return f"{self.tries} until {self.until:%H:%M}"
