"""What Celery runs: each task calls the domain once, and knows nothing else."""

import logging
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from integrations_health import (
    catch_up,
    clock,
    incidents,
    partitions,
    replay,
    rollups,
    schedule,
    sweeping,
)

logger = logging.getLogger(__name__)

WAKE_UP_TICKS = 3


@shared_task(queue="checks")
def wake_workers() -> None:
    """Look at what is due and wake as many batches; a tick has no effect of its own."""
    # First: what was found before the database went away counts before anybody asks again. Whoever
    # is at that looks next: before, the claims of what waits would be taken for dead workers'.
    if replay.apply() is None:
        return
    catch_up.follow_heartbeat()
    for provider, batches in schedule.batches_due().items():
        for _ in range(batches):
            wake(provider)


@shared_task(queue="checks")
def check_batch(*, provider: str) -> None:
    """Check what is due at a provider for a turn, and wake the next one when there is more."""
    if sweeping.sweep(provider):
        wake(provider)


# Beside the senders: during an outage every process that checks waits for answers, and maintenance
# may take minutes.
@shared_task(queue="notifications")
def follow_incidents() -> None:
    """Look whether a provider or a service fails for many; from however many beats."""
    incidents.follow()


# The limits of what checks follow from CALL_DEADLINE_SECONDS, those of what cleans up do not.
@shared_task(queue="maintenance", soft_time_limit=150, time_limit=180)
def maintain_partitions() -> None:
    """Make the coming months of history and drop those that are past keeping."""
    partitions.maintain(today=clock.today())


@shared_task(queue="maintenance", soft_time_limit=150, time_limit=180)
def roll_up_history(*, day: str = "", after: str = "") -> None:
    """Roll up every day that is over and not rolled up yet; what is left, in a run behind others.

    `day` and `after` say how far the run before this one came. When they are lost, the run of the
    next hour begins anew.
    """
    rest = rollups.Unfinished(date.fromisoformat(day), UUID(after)) if day else None
    try:
        rollups.roll_up_missing(today=clock.today(), rest=rest)
    except rollups.Unfinished as left:
        go_on(left)


def go_on(left: rollups.Unfinished) -> None:
    """Ask for a run that rolls up what is left."""
    kwargs = {"day": f"{left.day}", "after": f"{left.after}"}
    _send(roll_up_history, kwargs, expires=timedelta(hours=1).total_seconds())


def wake(provider: str) -> None:
    """Ask for one more batch. A wake-up that is lost or late is harmless: the next tick looks."""
    # Worth more than a tick: it may have to wait until a batch of another provider ends.
    worth = settings.TICK.total_seconds() * WAKE_UP_TICKS
    _send(check_batch, {"provider": provider}, expires=worth)


def _send(task: "Task[Any, None]", kwargs: dict[str, str], *, expires: float) -> None:
    try:
        task.apply_async(kwargs=kwargs, expires=expires, retry=False)
    except OperationalError as error:
        logger.warning("wake_up.not_sent", extra={"reason": type(error).__name__})
