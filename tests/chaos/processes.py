"""The product's real processes: started, watched and killed by their pids."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config import child
from config.environment import ROOT
from tests import forks
from tests.forks import Fork

LOOK_EVERY = 0.02
_PATIENCE = 5.0


class NotInTime(AssertionError):
    """What a test waited for did not come."""


class Process:
    """One command in a process group of its own, with its output in a file."""

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], output: Path
    ) -> None:
        """Start it. The kernel kills it when this process dies, however it dies."""
        self.name = name
        self.output = output
        self._popen = _started(command, environment, output)

    @property
    def pid(self) -> int:
        """Return the pid of the process itself, which also names its group."""
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        """Say whether it still runs."""
        return self._popen.poll() is None

    def children(self) -> list[int]:
        """Return the pids of its children: of a worker, those that do the work."""
        try:
            return [
                int(word)
                for task in Path(f"/proc/{self.pid}/task").iterdir()
                for word in (task / "children").read_text().split()
            ]
        except FileNotFoundError:
            return []

    def text(self) -> str:
        """Return what it wrote so far."""
        return self.output.read_text(errors="replace")

    def kill(self, pid: int) -> None:
        """Kill one of its children."""
        os.kill(pid, signal.SIGKILL)

    def kill_tree(self) -> None:
        """Kill it and all its children at the same instant, as a power cut would."""
        if self.is_alive:
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def end(self) -> None:
        """Let it end in order, or kill it when it takes its time; and its children, too."""
        if self.is_alive:
            child.stop(self._popen, signal_number=signal.SIGTERM, patience=_PATIENCE)

    def has_left(self) -> bool:
        """Say whether nobody of its group is left."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False


def _started(
    command: Sequence[str], environment: Mapping[str, str], output: Path
) -> subprocess.Popen[bytes] | Fork:
    if forks.can_be_forked(command, environment):
        return forks.libraries().start(command[1:], environment=environment, output=output)
    with output.open("ab") as file:
        return child.start(command, output=file, env=environment, cwd=ROOT)


def run(command: Sequence[str], *, environment: Mapping[str, str]) -> None:
    """Run a command to its end. Raises AssertionError with its output when it fails."""
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"


def wait_until(
    is_so: Callable[[], bool], *, seconds: float, what: str, watching: Sequence[Process] = ()
) -> float:
    """Wait until `is_so`, looking again and again; return the seconds it took.

    Raises NotInTime with what `watching` wrote last.
    """
    started = time.monotonic()
    while not is_so():
        if time.monotonic() - started > seconds:
            raise NotInTime(f"not within {seconds:g} s: {what}{_last_words(watching)}")
        time.sleep(LOOK_EVERY)
    return time.monotonic() - started


def _last_words(processes: Sequence[Process]) -> str:
    return "".join(
        f"\n--- {process.name} ({'alive' if process.is_alive else 'dead'}) ---\n"
        + "\n".join(process.text().splitlines()[-25:])
        for process in processes
    )
