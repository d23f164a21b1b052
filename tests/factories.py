"""Make rows: one function per model, valid by default, every field overridable."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from alerts.models import (
    Alert,
    AlertRule,
    Destination,
    MaintenanceWindow,
    Notification,
    Silence,
    StaffNotice,
)
from integrations_health import partitions
from integrations_health.check_ids import check_id
from integrations_health.models import (
    ApiKey,
    DailyHealth,
    HealthCheck,
    HealthHistory,
    Heartbeat,
    Integration,
    MonitoringGap,
    ProviderBudget,
    ProviderDay,
    ProviderIncident,
    User,
)

_numbers = count(1)
_INTEGRATION_FIELDS = {field.name for field in Integration._meta.fields}
_HEALTH_FIELDS = {field.name for field in HealthCheck._meta.fields} - _INTEGRATION_FIELDS


def user(**fields: Any) -> User:
    """Make a person; `password`, when given, can be signed in with."""
    number = next(_numbers)
    password = fields.pop("password", None)
    fields = {
        "username": f"user-{number}",
        "email": f"user-{number}@example.com",
        "external_id": f"app-user-{number}",
    } | fields
    return User.objects.create_user(password=password, **fields)


def staff(**fields: Any) -> User:
    """Make a member of the staff who may do everything."""
    return user(**{"is_staff": True, "is_superuser": True} | fields)


def api_key(**fields: Any) -> ApiKey:
    """Make a key; nobody knows it, so it serves for what is shown of it."""
    number = next(_numbers)
    fields = {"name": f"program {number}", "prefix": f"{number:012x}", "digest": "0" * 64} | fields
    return ApiKey.objects.create(**fields)


def integration(**fields: Any) -> Integration:
    """Make an integration with its health row.

    Fields of the health row (`status`, `next_check_at`, `consecutive_failures`, ...) are given by
    the same names and end up there; `integration.health` is that row.
    """
    number = next(_numbers)
    health = {name: fields.pop(name) for name in list(fields) if name in _HEALTH_FIELDS}
    if "user" not in fields and "user_id" not in fields:
        fields["user"] = user()
    fields = {
        "service": "gmail",
        "provider": "composio",
        "server_instance_id": f"ca_{number}",
        "provider_user_id": f"app-user-{number}",
    } | fields
    made = Integration.objects.create(**fields)
    if health:
        HealthCheck.objects.filter(integration=made).update(**health)
    made.health.refresh_from_db()
    return made


def history(of: Integration | None = None, **fields: Any) -> HealthHistory:
    """Make one finished check of an integration, and its month where that is missing."""
    watched = of or integration()
    checked_at: datetime = fields.setdefault("checked_at", datetime.now(UTC))
    fields = {
        "id": check_id(watched.pk, next(_numbers), checked_at),
        "integration_id": watched.pk,
        "user_id": watched.user_id,
        "service": watched.service,
        "status": "healthy",
        "outcome": "ok",
        "response_time_ms": 120,
    } | fields
    _ensure(HealthHistory, checked_at.astimezone(UTC).date())
    return HealthHistory.objects.create(**fields)


def daily_health(of: Integration | None = None, **fields: Any) -> DailyHealth:
    """Make one integration's day without a fault, and its month where that is missing."""
    watched = of or integration()
    day: date = fields.setdefault("day", datetime.now(UTC).date() - timedelta(days=1))
    fields = {
        "id": uuid4(),
        "integration_id": watched.pk,
        "user_id": watched.user_id,
        "service": watched.service,
        "checks": 288,
        "healthy_checks": 288,
        "degraded_checks": 0,
        "unhealthy_checks": 0,
        "observed_seconds": 86_400,
        "downtime_seconds": 0,
        "degraded_seconds": 0,
        "p50_ms": 120,
        "p95_ms": 300,
    } | fields
    _ensure(DailyHealth, day)
    return DailyHealth.objects.create(**fields)


def provider_day(**fields: Any) -> ProviderDay:
    """Make the day of a provider that ten people used, without a fault."""
    return ProviderDay.objects.create(
        **{
            "day": datetime.now(UTC).date() - timedelta(days=1),
            "provider": "composio",
            "users": 10,
            "observed_seconds": 864_000,
            "outage_seconds": 0,
            "impaired_seconds": 0,
        }
        | fields
    )


def incident(**fields: Any) -> ProviderIncident:
    """Make an open incident of a whole provider."""
    return ProviderIncident.objects.create(**{"provider": "composio", "cause": "provider"} | fields)


def budget(**fields: Any) -> ProviderBudget:
    """Make what a provider still lets us ask."""
    return ProviderBudget.objects.create(**{"provider": "composio"} | fields)


def heartbeat(**fields: Any) -> Heartbeat:
    """Make the trace of a tick that happened just now."""
    return Heartbeat.objects.create(**{"name": "schedule", "beaten_at": datetime.now(UTC)} | fields)


def gap(**fields: Any) -> MonitoringGap:
    """Make an hour in which nobody watched; it ended just now."""
    ended_at = fields.get("ended_at", datetime.now(UTC))
    return MonitoringGap.objects.create(
        **{"started_at": ended_at - timedelta(hours=1), "ended_at": ended_at} | fields
    )


def rule(**fields: Any) -> AlertRule:
    """Make the rule that mails the owner after three failures in a row."""
    return AlertRule.objects.create(
        **{
            "name": f"Rule {next(_numbers)}",
            "condition": "consecutive_failures",
            "threshold": 3,
            "action": "email",
        }
        | fields
    )


def alert(**fields: Any) -> Alert:
    """Make an open alert by a rule of its own."""
    if "integration" not in fields:
        fields["integration"] = integration()
    if "rule" not in fields:
        fields["rule"] = rule()
    return Alert.objects.create(
        **{
            "user": fields["integration"].user,
            "alert_type": "failure",
            "severity": "critical",
            "message": "Gmail via Composio is failing.",
        }
        | fields
    )


def destination(**fields: Any) -> Destination:
    """Make a mailbox; with another `kind`, an address (and a secret) fit for it."""
    number = next(_numbers)
    kind = fields.setdefault("kind", "email")
    fits: dict[str, dict[str, Any]] = {
        "email": {"email": f"desk-{number}@example.com"},
        "webhook": {"address": f"https://hooks.example.com/{number}", "secret": "whsec_c2VjcmV0"},
        "slack": {"address": f"https://hooks.slack.com/services/T0/B0/{number}"},
    }
    return Destination.objects.create(**{"name": f"Desk {number}"} | fits[kind] | fields)


def notification(**fields: Any) -> Notification:
    """Make a message of one item that waits to be sent to the owner, or to a `destination`."""
    told = fields.pop("alert", None) or alert()
    event = fields.pop("event", "opened")
    fields.setdefault("is_collecting", fields.get("state", "pending") == "pending")
    if (named := fields.get("destination")) is not None:
        fits = {"recipient": f"destination:{named.pk}", "channel": named.kind}
    else:
        fits = {"recipient": f"user:{told.user_id}", "channel": "email", "user": told.user}
        fits["email"] = told.user.email
    made = Notification.objects.create(**fits | fields)
    made.items.create(alert=told, event=event, recipient=made.recipient)
    return made


def notice(**fields: Any) -> StaffNotice:
    """Make the open notice that a provider refuses our key."""
    return StaffNotice.objects.create(
        **{
            "kind": "key_rejected",
            "subject": f"provider-{next(_numbers)}",
            "message": "The provider refuses our key.",
        }
        | fields
    )


def silence(**fields: Any) -> Silence:
    """Make an hour of quiet about Gmail, from now on."""
    starts_at = fields.setdefault("starts_at", datetime.now(UTC))
    return Silence.objects.create(
        **{"service": "gmail", "ends_at": starts_at + timedelta(hours=1), "comment": "Known."}
        | fields
    )


def maintenance(**fields: Any) -> MaintenanceWindow:
    """Make an hour of maintenance of everything, from now on."""
    starts_at = fields.setdefault("starts_at", datetime.now(UTC))
    return MaintenanceWindow.objects.create(
        **{"ends_at": starts_at + timedelta(hours=1), "comment": "We move."} | fields
    )


def _ensure(model: type[HealthHistory | DailyHealth], day: date) -> None:
    partitions.ensure(model._meta.db_table, partitions.month_of(day))
