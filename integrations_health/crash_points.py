"""Named places where a test may kill this very process."""

import os
import signal
from functools import cache

from django.conf import settings


def crash_point(name: str, *, of: str = "") -> None:
    """Kill this process at once, as `kill -9` would, when the setting CRASH_AT says so.

    It says `name`, or `name:of` to mean one of the things that pass this place.
    """
    chosen = _chosen()
    if chosen and chosen in {name, f"{name}:{of}"}:
        os.kill(os.getpid(), signal.SIGKILL)


# Every check passes here, and Django looks a setting up by a call of its own.
@cache
def _chosen() -> str:
    return str(settings.CRASH_AT)
