"""Check an integration because somebody asked, and answer with the result.

The check runs in this process, on a thread of its own: who asked waits for it, or comes back, or
leaves; it is recorded all the same. A process that dies leaves its claim to the lease.
"""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection

from integrations_health import budget, manual_slots, pipeline, pooled_connection, schedule
from integrations_health.models import HealthCheck

logger = logging.getLogger(__name__)

# Each costs a thread that waits, and neither CPU nor a database connection.
AT_ONCE = 100
LOOK_EVERY_SECONDS = 0.25

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="manual-check")
_free = BoundedSemaphore(AT_ONCE)


class Limited(Exception):
    """Somebody had it checked less than a minute ago: `health` is what is known since."""

    def __init__(self, held_for: timedelta, health: HealthCheck) -> None:
        super().__init__(f"for another {held_for}")
        self.held_for = held_for
        self.health = health


class Busy(Exception):
    """This process is running as many manual checks as it may."""


class Answer(NamedTuple):
    """What is known of an integration now.

    `is_cached`: a healthy result younger than a minute, so nothing was asked. `is_running`: the
    check goes on and will be recorded; this is how the integration was before.
    """

    health: HealthCheck
    is_cached: bool = False
    is_running: bool = False


def check(
    integration_id: UUID, *, patience: timedelta | None = None, is_limited: bool = True
) -> Answer:
    """Check one integration, and wait up to `patience` for the result.

    Not `is_limited` is what was just connected anew: its turn of this minute was another's.

    What the sweep is checking right now is waited for instead of asked twice. Who calls has made
    sure that the integration may be seen. Raises HealthCheck.DoesNotExist, Limited, Busy,
    pipeline.Parked, and budget.Spent when the provider may not be asked.
    """
    seen = HealthCheck.objects.get(integration_id=integration_id)
    patience = settings.MANUAL_CHECK_PATIENCE if patience is None else patience
    if not is_limited:
        return _wait_for(_start(seen, None), seen, patience)
    held_for = manual_slots.held_for(integration_id)
    if held_for:
        raise Limited(held_for, seen)
    if schedule.is_recently_healthy(integration_id):
        return Answer(seen, is_cached=True)
    taken_at = manual_slots.take(integration_id)
    if taken_at is None:
        raise Limited(manual_slots.held_for(integration_id), seen)
    return _wait_for(_start(seen, taken_at), seen, patience)


def _wait_for(running: Future[Answer], seen: HealthCheck, patience: timedelta) -> Answer:
    pooled_connection.let_go()
    wait([running], patience.total_seconds())
    return running.result() if running.done() else Answer(seen, is_running=True)


def _start(seen: HealthCheck, taken_at: datetime | None) -> Future[Answer]:
    if not _free.acquire(blocking=False):
        manual_slots.give_back(seen.integration_id, taken_at)
        raise Busy
    try:
        return _threads.submit(_run, seen, taken_at)
    except RuntimeError:  # the process is ending
        _free.release()
        manual_slots.give_back(seen.integration_id, taken_at)
        raise Busy from None


def _run(seen: HealthCheck, taken_at: datetime | None) -> Answer:
    """Check, and give the turn back when nothing was asked."""
    try:
        answer = _checked(seen, taken_at)
    except (budget.Spent, pipeline.Parked, HealthCheck.DoesNotExist):
        manual_slots.give_back(seen.integration_id, taken_at)
        raise
    except Exception:
        # Whoever asked may be gone: the log is the place that hears of it for sure.
        logger.exception("manual_check.failed", extra={"integration_id": str(seen.integration_id)})
        manual_slots.give_back(seen.integration_id, taken_at)
        raise
    finally:
        connection.close()
        _free.release()
    return answer


def _checked(seen: HealthCheck, taken_at: datetime | None) -> Answer:
    try:
        checked = pipeline.check_one(seen.integration_id)
    except pipeline.AlreadyRunning:
        manual_slots.give_back(seen.integration_id, taken_at)
        return _joined(seen)
    if checked.is_reused:
        manual_slots.give_back(seen.integration_id, taken_at)
    return Answer(checked.health, is_cached=checked.is_reused)


def _joined(seen: HealthCheck) -> Answer:
    """Wait for the result of the check that runs already, as long as somebody may be waiting."""
    logger.info("manual_check.joined", extra={"integration_id": str(seen.integration_id)})
    gives_up_at = time.monotonic() + settings.MANUAL_CHECK_PATIENCE.total_seconds()
    while time.monotonic() < gives_up_at:
        # First: a result that is recorded after this is found below.
        is_running = schedule.is_being_checked(seen.integration_id)
        health = HealthCheck.objects.get(integration_id=seen.integration_id)
        if health.last_check_at != seen.last_check_at:
            return Answer(health)
        if not is_running:
            raise budget.Spent  # it was given back without a result
        pooled_connection.let_go()
        time.sleep(LOOK_EVERY_SECONDS)
    return Answer(seen, is_running=True)
