"""A process that has imported what many others need, and starts them as forks of itself.

`python -m tests.fork_server MODULE...` imports the modules, then reads lines of JSON and answers
each by one. `{"start": ["-m", "celery", ...], "environment": {...}, "output": PATH}` runs what
`python -m celery ...` would, in a session of its own, and answers its process id. `{"look": PID}`
answers its exit status once it has ended, and null before.
"""

import json
import os
import runpy
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from config import child


def main(modules: Sequence[str]) -> None:
    """Serve until there are no more lines."""
    for name in modules:
        import_module(name)
    server = os.getpid()
    for line in sys.stdin:
        order: dict[str, Any] = json.loads(line)
        if "look" in order:
            answer = _look(order["look"])
        elif (answer := os.fork()) == 0:
            _settle(server, order["output"], order["environment"])
            _run(order["start"])
            return
        print(json.dumps(answer), flush=True)


def _look(pid: int) -> int | None:
    reaped, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if reaped else None


def _settle(server: int, output: str, environment: Mapping[str, str]) -> None:
    """Leave what belongs to the server, and end when it ends."""
    os.setsid()
    child.follow_parent(signal.SIGKILL, parent=server)
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for ours, theirs in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(ours, theirs)
    os.closerange(3, max(nothing, written) + 1)
    os.environ.clear()
    os.environ.update(environment)


def _run(arguments: Iterable[str]) -> None:
    first, *rest = arguments
    if first == "-m":
        module, *rest = rest
        sys.argv[1:] = rest
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = [first, *rest]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
