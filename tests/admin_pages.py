"""The pages of the admin, and a row for each."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from alerts.models import (
    Alert,
    AlertRule,
    Cooldown,
    Decision,
    Destination,
    Flap,
    MaintenanceWindow,
    Notification,
    NotificationItem,
    Silence,
    StaffNotice,
)
from integrations_health.models import (
    ApiKey,
    CheckCount,
    CheckTotal,
    ClaimedBatch,
    DailyHealth,
    HealthCheck,
    HealthHistory,
    Heartbeat,
    Integration,
    MonitoringGap,
    OutageStreak,
    ProviderBudget,
    ProviderDay,
    ProviderIncident,
    ReauthAttempt,
    ReauthRequest,
    RecentChecks,
    RolledUpDay,
    SignInTries,
    User,
)
from tests import factories

AT = datetime(2031, 3, 14, 9, tzinfo=UTC)


def cooldown() -> Cooldown:
    """Make a rule's quiet about an integration."""
    return Cooldown.objects.create(
        rule=factories.rule(), integration=factories.integration(), until=AT
    )


def decision() -> Decision:
    """Make something that was decided."""
    return Decision.objects.create(
        alert=factories.alert(), at=AT, verdict="opened", reason="It failed three times."
    )


def flap() -> Flap:
    """Make a restless integration."""
    return Flap.objects.create(integration=factories.integration(), penalty=500, counted_at=AT)


def item() -> NotificationItem:
    """Make what a message tells."""
    found = factories.notification(alert=factories.alert()).items.first()
    assert found is not None
    return found


def audit_row() -> LogEntry:
    """Make what somebody did."""
    person = factories.user()
    return LogEntry.objects.create(
        user=factories.staff(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=str(person),
        action_flag=CHANGE,
        change_message="Active: yes → no.",
    )


def interval() -> IntervalSchedule:
    """Make an interval of the timetable."""
    return IntervalSchedule.objects.create(every=5, period=IntervalSchedule.SECONDS)


def periodic_task() -> PeriodicTask:
    """Make a line of the timetable."""
    return PeriodicTask.objects.create(name="wake", task="tasks.wake", interval=interval())


MAKE: dict[type[models.Model], Callable[[], models.Model]] = {
    User: factories.user,
    Group: lambda: Group.objects.create(name="night shift"),
    Integration: factories.integration,
    HealthCheck: lambda: factories.integration(status="degraded").health,
    HealthHistory: factories.history,
    DailyHealth: factories.daily_health,
    ProviderDay: factories.provider_day,
    RolledUpDay: lambda: RolledUpDay.objects.create(day=AT.date(), is_final=True),
    ProviderIncident: factories.incident,
    ProviderBudget: factories.budget,
    ApiKey: factories.api_key,
    Heartbeat: factories.heartbeat,
    MonitoringGap: factories.gap,
    Alert: factories.alert,
    AlertRule: factories.rule,
    Silence: factories.silence,
    MaintenanceWindow: factories.maintenance,
    Cooldown: cooldown,
    Decision: decision,
    Flap: flap,
    Destination: lambda: factories.destination(kind="webhook"),
    Notification: factories.notification,
    NotificationItem: item,
    StaffNotice: factories.notice,
    LogEntry: audit_row,
    PeriodicTask: periodic_task,
    IntervalSchedule: interval,
    CrontabSchedule: lambda: CrontabSchedule.objects.create(minute="10", hour="0"),
}
# Tables of ours that are not in the admin, with the reason.
EXCUSED: dict[type[models.Model], str] = {
    ReauthRequest: "Who was asked to connect again stands on the alert, and in the audit.",
    ReauthAttempt: "What a browser carries for ten minutes: nothing in it to read.",
    SignInTries: "Digests and counts that are forgotten after minutes: nothing in them to read.",
    ClaimedBatch: "What workers hold for seconds; an integration's page says whether one does.",
    CheckCount: "What batches counted within the last seconds, on its way to /metrics.",
    CheckTotal: "Counters for Prometheus, which shows them better.",
    RecentChecks: "What /metrics was told a minute ago; the overview says how things are.",
    OutageStreak: "Two counters between two looks; what they decide is an incident.",
}


def url(model: type[models.Model], page: str, *arguments: Any) -> str:
    """Return the address of a page of the admin: `changelist`, `add`, `change`, `delete`."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)
