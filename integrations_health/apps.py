"""The app that watches integrations."""

from datetime import UTC, datetime
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate


class IntegrationsHealthConfig(AppConfig):
    """Register the models and, after `migrate`, the months of history."""

    name = "integrations_health"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Integration health"

    def ready(self) -> None:
        """Look at the keys, make the coming months after the tables, hear of what ends."""
        # Need the models, which are there now.
        from integrations_health import access_changes, fields, forgetting

        checks.register(fields.require_keys)
        post_migrate.connect(_make_coming_months, sender=self)
        access_changes.hear()
        forgetting.hear()


def _make_coming_months(*, using: str, **_: Any) -> None:
    from integrations_health import partitions  # needs the models, which load after this module

    if using == DEFAULT_DB_ALIAS:
        partitions.make_coming_months(datetime.now(UTC).date())
