"""Web servers that start at once: what they need is imported once, and each is a fork of that.

`python -m tests.preloaded_web config.asgi:application ...` takes uvicorn's own arguments, and
lines: the name of a file starts a server that logs to it, and answers its process id; an empty one
ends it.
"""

import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

import uvicorn
from django.conf import settings

from config import child

STOP_SECONDS = 5.0


def main(arguments: list[str]) -> None:
    """Start and stop servers, one at a time, until there are no more lines."""
    uvicorn.Config(arguments[0], log_config=None).load()
    import_module(settings.ROOT_URLCONF)
    pid = 0
    for line in sys.stdin:
        if log := line.strip():
            pid = _start(arguments, Path(log))
            print(pid, flush=True)
        else:
            _stop(pid)
            print("stopped", flush=True)


def _start(arguments: list[str], log: Path) -> int:
    parent = os.getpid()
    if pid := os.fork():
        return pid
    child.follow_parent(signal.SIGKILL, parent=parent)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    uvicorn.main(arguments)  # ends the process
    return 0


def _stop(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1:])
