"""What staff see of people, integrations and their health, and what they may do."""

from integrations_health.admin.api_key import ApiKeyAdmin
from integrations_health.admin.audit_log import AuditLogAdmin
from integrations_health.admin.health import (
    DailyHealthAdmin,
    HealthCheckAdmin,
    HealthHistoryAdmin,
    MonitoringGapAdmin,
    ProviderDayAdmin,
    RolledUpDayAdmin,
)
from integrations_health.admin.integration import IntegrationAdmin
from integrations_health.admin.people import PersonAdmin, RoleAdmin
from integrations_health.admin.provider import (
    HeartbeatAdmin,
    ProviderBudgetAdmin,
    ProviderIncidentAdmin,
)
from integrations_health.admin.timetable import CrontabAdmin, IntervalAdmin, TimetableAdmin

__all__ = [
    "ApiKeyAdmin",
    "AuditLogAdmin",
    "CrontabAdmin",
    "DailyHealthAdmin",
    "HealthCheckAdmin",
    "HealthHistoryAdmin",
    "HeartbeatAdmin",
    "IntegrationAdmin",
    "IntervalAdmin",
    "MonitoringGapAdmin",
    "PersonAdmin",
    "ProviderBudgetAdmin",
    "ProviderDayAdmin",
    "ProviderIncidentAdmin",
    "RoleAdmin",
    "RolledUpDayAdmin",
    "TimetableAdmin",
]
