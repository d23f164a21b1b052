"""Start a process that never outlives this one."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import IO, Any

_PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str | os.PathLike[str]],
    *,
    parting_signal: int = signal.SIGKILL,
    has_own_group: bool = True,
    output: int | IO[bytes] | None = None,
    stdin: int | None = None,
    **options: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group; `parting_signal` reaches it when this process dies.

    The kernel sends the signal when the thread that started the child ends, so start children from
    the main thread. Without Linux nothing is sent, and only an orderly end stops the child.
    """
    parent = os.getpid()

    def prepare() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, parting_signal)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL if stdin is None and has_own_group else stdin,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=has_own_group,
        preexec_fn=prepare,
        **options,
    )


def stop(process: subprocess.Popen[bytes], *, signal_number: int, patience: float) -> None:
    """Ask a process to end, wait up to `patience` seconds, then kill it."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal_number)
    deadline = time.monotonic() + patience
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, deadline - time.monotonic()))
    if process.poll() is None:
        process.kill()
        process.wait()
