"""The pages of the admin, and a row for each."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.urls import reverse

from alerts.models import Alert, AlertRule, Notification
from integrations_health.models import (
    ApiKey,
    DailyHealth,
    HealthCheck,
    HealthHistory,
    Heartbeat,
    Integration,
    MonitoringGap,
    ProviderBudget,
    ProviderIncident,
    User,
)
from tests import factories

MAKE: dict[type[models.Model], Callable[[], models.Model]] = {
    User: factories.user,
    Integration: factories.integration,
    HealthCheck: lambda: factories.integration(status="degraded").health,
    HealthHistory: factories.history,
    DailyHealth: factories.daily_health,
    ProviderIncident: factories.incident,
    ProviderBudget: factories.budget,
    ApiKey: factories.api_key,
    Heartbeat: factories.heartbeat,
    MonitoringGap: factories.gap,
    Alert: factories.alert,
    AlertRule: factories.rule,
    Notification: factories.notification,
}


def url(model: type[models.Model], page: str, *arguments: Any) -> str:
    """Return the address of a page of the admin: `changelist`, `add`, `change`, `delete`."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)
