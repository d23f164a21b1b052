"""A checks worker that hears no tick makes its own."""

import logging
import threading
import time
from typing import Any

from celery import Celery, signals
from django.conf import settings

from integrations_health import network

logger = logging.getLogger(__name__)

TICK_TASK = "integrations_health.tasks.wake_workers"
SILENT_TICKS = 3


class _Ear:
    """Notes when this worker last received a tick, and sends one after three of silence."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.heard_at = time.monotonic()
        self.is_stopped = threading.Event()

    def hear(self, *, request: Any, **_: Any) -> None:
        if request.name == TICK_TASK:
            self.heard_at = time.monotonic()

    def start(self, *, sender: Any, **_: Any) -> None:
        queues = sender.task_consumer.queues
        if any(queue.name == "checks" for queue in queues):
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
            self.app.send_task(TICK_TASK, queue="checks", expires=tick, retry=False)
        except Exception as error:  # the broker is away: the next round tries again
            logger.warning("tick.not_sent", extra={"reason": type(error).__name__})


def install(app: Celery) -> None:
    """Give every checks worker of `app` an ear for ticks, and every child a clean end."""
    ear = _Ear(app)
    signals.task_received.connect(ear.hear, weak=False)
    signals.worker_ready.connect(ear.start, weak=False)
    signals.worker_shutting_down.connect(ear.stop, weak=False)
    signals.worker_process_shutdown.connect(_close_network, weak=False)


def _close_network(**_: Any) -> None:
    network.close()
