"""Start a process that never outlives this one."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, Any, Protocol

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: what runs between fork and exec does as little as it can.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Stoppable(Protocol):
    """What can be asked whether it runs, and told to end, as a `subprocess.Popen` can."""

    def poll(self) -> int | None:
        """Return its exit status, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""

    def kill(self) -> None:
        """Kill it."""


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
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL if stdin is None and has_own_group else stdin,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=has_own_group,
        preexec_fn=_prepare(os.getpid(), parting_signal),
        **options,
    )


def follow_parent(parting_signal: int, *, parent: int | None = None) -> None:
    """Have the kernel send this process `parting_signal` when its parent dies.

    When `parent`, the id that it had, is gone already, this process ends at once.
    """
    if _libc is None:
        return
    parent = parent or os.getppid()
    _libc.prctl(_PR_SET_PDEATHSIG, int(parting_signal))
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def stop(process: Stoppable, *, signal_number: int, patience: float) -> None:
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


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of a process that was started with its own group, itself included.

    Call it before the process is reaped, while its group's number cannot belong to others.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Say whether a process has ended, without reaping it."""
    if process.returncode is not None:
        return True
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _prepare(parent: int, parting_signal: int) -> Callable[[], None]:
    return lambda: follow_parent(parting_signal, parent=parent)
