"""Know which fields of a row no page and no audit row may show."""

from typing import Any, TypeVar

from django.db import models

from integrations_health.fields import EncryptedTextField

M = TypeVar("M", bound=models.Model)

# A digest of a password or a key is not what it was made of, and no less a secret.
_DIGESTS = frozenset({"password", "digest"})


def is_secret(field: Any) -> bool:
    """Say whether what this field holds is shown to nobody."""
    return isinstance(field, EncryptedTextField) or field.name in _DIGESTS


def secrets_of(model: type[models.Model]) -> list[str]:
    """Return the names of a model's secret fields."""
    return [field.name for field in model._meta.concrete_fields if is_secret(field)]


def unread(rows: models.QuerySet[M]) -> models.QuerySet[M]:
    """Return `rows` such that their secrets stay in the database."""
    return rows.defer(*secrets_of(rows.model))
