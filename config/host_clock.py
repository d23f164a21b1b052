"""Let every worker look now and then whether its machine's clock is right."""

import socket
import time
from collections.abc import Collection
from typing import Any

from celery import signals, states

LOOK_EVERY_SECONDS = 60.0


class Watch:
    """Looks after a tick: every worker takes some."""

    def __init__(self, ticks: Collection[str]) -> None:
        """Look after tasks of the names `ticks`."""
        self.ticks = ticks
        self.looks_at = 0.0

    def look(self, *, sender: Any, state: str | None, **_: Any) -> None:
        """Look, once a minute at most, when `sender` is a task that was a tick and went well."""
        # After one that failed the database is likely away.
        is_tick = sender.name in self.ticks and state == states.SUCCESS
        if not is_tick or time.monotonic() < self.looks_at:
            return
        from alerts import host_clocks  # needs the models, which load after this module

        self.looks_at = time.monotonic() + LOOK_EVERY_SECONDS
        host_clocks.follow(socket.gethostname())


def install(*, ticks: Collection[str]) -> None:
    """Let each process look after tasks of the names `ticks`."""
    signals.task_postrun.connect(Watch(ticks).look, weak=False)
