"""The Celery app and the timetable: everything that runs by itself."""

import gc
import os
import signal
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# `migrate` checks the whole product at each release. In a worker, checking would only load the API,
# the pages and their schema for ever: 23 of 200 MB.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from django.conf import settings

from config import broker_clock, child, host_clock, kept_connections, self_waking
from integrations_health import providers

QUEUES = ("checks", "notifications", "maintenance")

app = Celery("integration_health")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue(name, routing_key=name) for name in QUEUES]
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "wake workers": {
        "task": "integrations_health.tasks.wake_workers",
        "schedule": settings.TICK,
        # The scheduler in the database knows this name only, and drops `expires`.
        "options": {"expire_seconds": settings.TICK.total_seconds()},
    },
    "wake senders": {
        "task": "alerts.tasks.wake_senders",
        "schedule": settings.TICK,
        "options": {"expire_seconds": settings.TICK.total_seconds()},
    },
    "maintain partitions": {
        "task": "integrations_health.tasks.maintain_partitions",
        "schedule": crontab(minute="10", hour="0"),
    },
    "roll up history": {
        "task": "integrations_health.tasks.roll_up_history",
        "schedule": crontab(minute="25"),
    },
    "follow incidents": {
        "task": "integrations_health.tasks.follow_incidents",
        "schedule": settings.INCIDENT_TICK,
        "options": {"expire_seconds": settings.INCIDENT_TICK.total_seconds()},
    },
    "look again at alerts": {
        "task": "alerts.tasks.look_again",
        "schedule": settings.ALERT_TICK,
        "options": {"expire_seconds": settings.ALERT_TICK.total_seconds()},
    },
    "tell Prometheus": {
        "task": "config.tasks.tell_prometheus",
        "schedule": settings.METRICS_TICK,
        "options": {"expire_seconds": settings.METRICS_TICK.total_seconds()},
    },
    "close stale notices": {
        "task": "alerts.tasks.close_stale_notices",
        "schedule": crontab(minute="*/15"),
    },
    "prune decisions": {
        "task": "alerts.tasks.prune_decisions",
        "schedule": crontab(minute="40", hour="0"),
    },
    "prune alerts": {
        "task": "alerts.tasks.prune_alerts",
        "schedule": crontab(minute="50"),
    },
    "clear sessions": {
        "task": "config.tasks.clear_sessions",
        "schedule": crontab(minute="55", hour="0"),
    },
}
broker_clock.install(app)
self_waking.install(app)
host_clock.install(ticks=frozenset(self_waking.TICKS.values()))
kept_connections.install(app)


@signals.celeryd_after_setup.connect
def _load_before_the_fork(*, instance: Any, **_: Any) -> None:
    # The clients take half a second to import: too long for the first batch of every child.
    if "checks" in instance.app.amqp.queues.consume_from:
        providers.load()


@signals.worker_process_init.connect
def _leave_what_stays(**_: Any) -> None:
    # What was imported stays for ever: looking through it for garbage again and again took a fifth
    # of the CPU of a batch. Batches make many values and no cycles, so looking less often is free.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@signals.worker_process_init.connect
def _end_with_the_worker(**_: Any) -> None:
    # Whatever kills the worker: nobody else would ever stop its processes.
    child.follow_parent(signal.SIGKILL)
