"""What Celery runs for alerts: each task calls the domain once, and knows nothing else."""

from celery import shared_task

from alerts import decisions, notices, owed
from integrations_health import clock


@shared_task(queue="notifications")
def look_again() -> None:
    """Look again at what was held back; a look has no other effect, from however many beats."""
    now = clock.now()
    owed.end_unwatched(now=now)
    owed.tell(now=now)


@shared_task(queue="maintenance")
def close_stale_notices() -> None:
    """Close the notices of faults of ours that are over."""
    notices.close_stale(now=clock.now())


@shared_task(queue="maintenance")
def prune_decisions() -> None:
    """Delete decisions that are past keeping."""
    decisions.prune(now=clock.now())
