"""The rows: who is watched, how they are, how they were."""

from integrations_health.models.api_key import ApiKey
from integrations_health.models.counted import CheckCount, CheckTotal, RecentChecks
from integrations_health.models.health import STATUSES, ClaimedBatch, HealthCheck
from integrations_health.models.integration import Integration, User
from integrations_health.models.past import (
    DailyHealth,
    HealthHistory,
    MonitoringGap,
    ProviderDay,
    RolledUpDay,
)
from integrations_health.models.provider import (
    Heartbeat,
    OutageStreak,
    ProviderBudget,
    ProviderIncident,
)
from integrations_health.models.reauth import ReauthAttempt, ReauthRequest
from integrations_health.models.sign_in import SignInTries

__all__ = [
    "STATUSES",
    "ApiKey",
    "CheckCount",
    "CheckTotal",
    "ClaimedBatch",
    "DailyHealth",
    "HealthCheck",
    "HealthHistory",
    "Heartbeat",
    "Integration",
    "MonitoringGap",
    "OutageStreak",
    "ProviderBudget",
    "ProviderDay",
    "ProviderIncident",
    "ReauthAttempt",
    "ReauthRequest",
    "RecentChecks",
    "RolledUpDay",
    "SignInTries",
    "User",
]
