"""What Celery runs for alerts: each task calls the domain once, and knows nothing else."""

import logging

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from alerts import claims, decisions, delivery, notices, owed, retention
from integrations_health import clock

logger = logging.getLogger(__name__)

WAKE_UP_TICKS = 3


@shared_task(queue="notifications")
def look_again() -> None:
    """Look again at what was held back; a look has no other effect, from however many beats."""
    now = clock.now()
    owed.end_unwatched(now=now)
    owed.tell(now=now)
    notices.follow_incidents(now=now)


@shared_task(queue="maintenance")
def close_stale_notices() -> None:
    """Close the notices of faults of ours that are over."""
    notices.close_stale(now=clock.now())


@shared_task(queue="maintenance", soft_time_limit=150, time_limit=180)
def prune_decisions() -> None:
    """Delete decisions that are past keeping."""
    decisions.prune(now=clock.now())


@shared_task(queue="maintenance", soft_time_limit=150, time_limit=180)
def prune_alerts() -> None:
    """Delete alerts and messages that are past keeping; what is left over goes an hour later."""
    pruned = retention.prune(now=clock.now())
    logger.info("alerts.pruned", extra=pruned)


@shared_task(queue="notifications")
def wake_senders() -> None:
    """Wake whoever sends what is due; a tick has no other effect."""
    for channel in claims.channels_due(now=clock.now()):
        wake(channel)


# A batch that began its last message late waits for a slow server longer than others do.
@shared_task(queue="notifications", soft_time_limit=100, time_limit=110)
def deliver(*, channel: str) -> None:
    """Send one batch of what is due on a channel, and wake the next when there is more."""
    if delivery.run(channel):
        wake(channel)


def wake(channel: str) -> None:
    """Ask for one more batch. A wake-up that is lost or late is harmless: the next tick looks."""
    worth = settings.TICK.total_seconds() * WAKE_UP_TICKS
    try:
        deliver.apply_async(kwargs={"channel": channel}, expires=worth, retry=False)
    except OperationalError as error:
        logger.warning("wake_up.not_sent", extra={"reason": type(error).__name__})
