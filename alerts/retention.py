"""Delete what is past keeping of alerts and of what was told of them.

Alerts are kept as long as the history that explains them: `HISTORY_MONTHS_KEPT` whole months
before the running one. What is still open stays, however old, and all that was told of it.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet

from alerts.models import Alert, Notification, NotificationItem, StaffNotice
from integrations_health import partition_plan

# Each portion is a transaction that holds no lock for long.
AT_ONCE = 500
# Well before a task's limit. A month of 100,000 alerts takes two such runs.
WITHIN = timedelta(seconds=50)

State = Notification.State


def prune(*, now: datetime, at_once: int = AT_ONCE, within: timedelta = WITHIN) -> dict[str, int]:
    """Delete what ended before the first month that is kept; return how much, by what it is.

    Begins nothing more after `within`: the rest is for the next run.
    """
    before, ends_at = kept_since(now), time.monotonic() + within.total_seconds()
    # Messages last: by then nothing hangs on those that told of the others.
    past = {"alerts": _alerts(before), "notices": _notices(before), "messages": _messages(before)}
    return {
        name: sum(_delete_portions(rows, at_once, ends_at=ends_at)) for name, rows in past.items()
    }


def kept_since(now: datetime) -> datetime:
    """Return the beginning (UTC) of the first month that is kept at `now`."""
    month = partition_plan.month_of(now.astimezone(UTC).date())
    oldest = partition_plan.later(month, -settings.HISTORY_MONTHS_KEPT)
    return datetime(oldest.year, oldest.month, 1, tzinfo=UTC)


def _alerts(before: datetime) -> QuerySet[Alert]:
    # Both instants: by the first the index leads past all that is younger. An all-clear goes with
    # the alert that it ends. Whoever deletes an integration holds it: they are left to it.
    ended = Alert.objects.filter(created_at__lt=before, resolved_at__lt=before)
    locking = ended.select_related("integration").only("pk", "integration__id")
    return locking.order_by("created_at", "pk").select_for_update(
        of=("integration",), no_key=True, skip_locked=True
    )


def _notices(before: datetime) -> QuerySet[StaffNotice]:
    closed = StaffNotice.objects.filter(closed_at__lt=before)
    return closed.only("pk").order_by("pk").select_for_update(skip_locked=True)


def _messages(before: datetime) -> QuerySet[Notification]:
    # Those that tell the same again go with the first of them, which has the items.
    items = NotificationItem.objects.filter(notification=OuterRef("pk"))
    ended = Notification.objects.filter(
        ~Exists(items), created_at__lt=before, state__in=[State.SENT, State.DEAD], replays=None
    )
    newest_last = ended.only("pk").order_by("created_at", "pk")
    return newest_last.select_for_update(of=("self",), skip_locked=True)


def _delete_portions(rows: QuerySet[Any], at_once: int, *, ends_at: float) -> Iterator[int]:
    model: type[Model] = rows.model
    while time.monotonic() < ends_at:
        with transaction.atomic():
            chosen = [row.pk for row in rows[:at_once]]
            if chosen:
                model._default_manager.filter(pk__in=chosen).delete()
        yield len(chosen)
        if len(chosen) < at_once:
            return
