"""Send a batch in several threads, to each recipient one message after another."""

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from alerts.senders.base import MayWorkLater, NeverWorks, Outgoing, Sender

logger = logging.getLogger(__name__)

OUR_FAULT = "Our own sender failed."


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """What became of one message: taken, not taken, or not even tried."""

    message: Outgoing
    error: MayWorkLater | NeverWorks | None = None
    is_tried: bool = True
    duration: timedelta = timedelta()


def budget_end() -> float:
    """Return until when (monotonic, seconds) a batch that is claimed now may begin messages."""
    budget: timedelta = settings.DELIVERY_BUDGET
    return time.monotonic() + budget.total_seconds()


def send(
    sender: Sender, lanes: Sequence[Sequence[Outgoing]], *, ends_at: float
) -> Iterator[Attempt]:
    """Send each lane in a thread of its own; yield what became of each message, as it does.

    After `ends_at` (monotonic, seconds) nothing more is begun, so that the batch ends well before
    its lease; but the first message of each lane always is, so that something gets through however
    slow all is.
    """
    ended: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
    for lane in lanes:
        arguments = (sender, deque(lane), ends_at, ended)
        # Daemons: a worker that is told to end does not wait for a server that hangs.
        threading.Thread(target=_drive, args=arguments, daemon=True).start()
    for _ in range(sum(map(len, lanes))):
        yield ended.get()


def send_one(sender: Sender, message: Outgoing, *, within: timedelta) -> Attempt:
    """Send one message, and wait for what becomes of it no longer than `within`."""
    ended: queue.SimpleQueue[Attempt] = queue.SimpleQueue()
    arguments = (sender, deque([message]), time.monotonic() + within.total_seconds(), ended)
    threading.Thread(target=_drive, args=arguments, daemon=True).start()
    try:
        return ended.get(timeout=within.total_seconds())
    except queue.Empty:
        error = MayWorkLater("There was no answer in time.")
        return Attempt(message=message, error=error, duration=within)


def _drive(
    sender: Sender,
    waiting: deque[Outgoing],
    ends_at: float,
    ended: "queue.SimpleQueue[Attempt]",
) -> None:
    error: MayWorkLater | None = None
    try:
        with sender.open() as line:
            started_at = time.monotonic()
            while True:
                failed: MayWorkLater | NeverWorks | None = None
                try:
                    line.send(waiting[0])
                except (MayWorkLater, NeverWorks) as refusal:
                    failed = refusal
                except Exception:  # a bug of ours in one message must not stop the others
                    about = {"notification_id": str(waiting[0].id), "channel": sender.kind}
                    logger.exception("notification.not_sent", extra=about)
                    failed = MayWorkLater(OUR_FAULT)
                took = timedelta(seconds=time.monotonic() - started_at)
                ended.put(Attempt(message=waiting.popleft(), error=failed, duration=took))
                if not waiting:
                    return
                time.sleep(sender.pause.total_seconds())
                started_at = time.monotonic()
                if started_at >= ends_at:
                    break
    except MayWorkLater as closed:
        error = closed
    except Exception:  # a bug of ours must leave nobody waiting for this lane
        logger.exception("notification.sender_failed", extra={"channel": sender.kind})
        error = MayWorkLater(OUR_FAULT)
    for message in waiting:
        ended.put(Attempt(message=message, error=error, is_tried=error is not None))
