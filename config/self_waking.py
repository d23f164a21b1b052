"""A worker that hears no tick makes its own."""

import logging
import threading
import time
from typing import Any

from celery import Celery, signals
from django.conf import settings

from integrations_health import network

logger = logging.getLogger(__name__)

# The tick of each queue that has one.
TICKS = {
    "checks": "integrations_health.tasks.wake_workers",
    "notifications": "alerts.tasks.wake_senders",
}
SILENT_TICKS = 3


class _Ear:
    """Notes when this worker last received a tick, and sends one after three of silence."""

    def __init__(self, app: Celery, queue: str, task: str) -> None:
        self.app, self.queue, self.task = app, queue, task
        self.heard_at = time.monotonic()
        self.is_stopped = threading.Event()

    def hear(self, *, request: Any, **_: Any) -> None:
        if request.name == self.task:
            self.heard_at = time.monotonic()

    def start(self, *, sender: Any, **_: Any) -> None:
        queues = sender.task_consumer.queues
        if any(queue.name == self.queue for queue in queues):
            self.heard_at = time.monotonic()
            threading.Thread(target=self._listen, name="self-waking", daemon=True).start()

    def stop(self, **_: Any) -> None:
        self.is_stopped.set()

    def _listen(self) -> None:
        tick = settings.TICK.total_seconds()
        while not self.is_stopped.wait(tick):
            if time.monotonic() - self.heard_at >= SILENT_TICKS * tick:
                self._make_tick(tick)

    def _make_tick(self, tick: float) -> None:
        try:
            self.app.send_task(self.task, queue=self.queue, expires=tick, retry=False)
        except Exception as error:  # the broker is away: the next round tries again
            logger.warning("tick.not_sent", extra={"reason": type(error).__name__})


def install(app: Celery) -> None:
    """Give every worker of `app` an ear for the ticks of its queues, every child a clean end."""
    for queue, task in TICKS.items():
        ear = _Ear(app, queue, task)
        signals.task_received.connect(ear.hear, weak=False)
        signals.worker_ready.connect(ear.start, weak=False)
        signals.worker_shutting_down.connect(ear.stop, weak=False)
    signals.worker_process_shutdown.connect(_close_network, weak=False)


def _close_network(**_: Any) -> None:
    network.close()
