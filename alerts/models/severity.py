"""How loud an alert is."""

from django.db import models


class Severity(models.TextChoices):
    """From the loudest on."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"
