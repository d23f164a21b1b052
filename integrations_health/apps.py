"""The app that watches integrations."""

from django.apps import AppConfig


class IntegrationsHealthConfig(AppConfig):
    """Register the models and, after `migrate`, the months of history."""

    name = "integrations_health"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Integration health"
