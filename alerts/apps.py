"""The app that tells people."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Register the models of alerts and notifications."""

    name = "alerts"
    default_auto_field = "django.db.models.BigAutoField"
