"""Named places where a test may kill this very process."""

import os
import signal

from django.conf import settings


def crash_point(name: str, *, of: str = "") -> None:
    """Kill this process at once, as `kill -9` would, when the setting CRASH_AT says so.

    It says `name`, or `name:of` to mean one of the things that pass this place.
    """
    if settings.CRASH_AT and settings.CRASH_AT in {name, f"{name}:{of}"}:
        os.kill(os.getpid(), signal.SIGKILL)
