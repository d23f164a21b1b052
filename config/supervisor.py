"""Keep a set of processes running in one terminal."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from config import child

GRACE_SECONDS = 30
FIRST_DELAY_SECONDS = 1
LONGEST_DELAY_SECONDS = 30
# After this long a life, the next death is a first one again.
LONG_LIFE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.5
LONGEST_LINE = 65_536
COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(kw_only=True)
class Process:
    """One of the processes: how to start it, and how it is."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    is_restarted: bool = True
    # Stopped after all that are not.
    is_server: bool = False
    running: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay: float = 0.0
    start_at: float = 0.0
    unfinished: bytearray = field(default_factory=bytearray)


class Supervisor:
    """Starts processes, prefixes what they say, restarts those that die, stops them all."""

    def __init__(self) -> None:
        """Begin with no process; nothing is started before `add`."""
        self.processes: list[Process] = []
        self.stops_asked = 0
        self._selector = selectors.DefaultSelector()
        self._is_coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    @contextlib.contextmanager
    def catching_signals(self) -> Iterator[None]:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to stop, for the block."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._selector.register(ours, selectors.EVENT_READ, lambda: ours.recv(4096))
        wakeup = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, self._ask_to_stop) for number in SIGNALS}
        # Only so that the loop wakes up when a child ends.
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, action in before.items():
                signal.signal(number, action)
            self._selector.unregister(ours)
            ours.close()
            theirs.close()

    @property
    def is_stopping(self) -> bool:
        """Say whether somebody asked to stop."""
        return self.stops_asked > 0

    def add(self, process: Process) -> None:
        """Keep `process` running from now on."""
        self.processes.append(process)
        if process.running is None:
            self._launch(process)

    def run_to_end(self, process: Process) -> bool:
        """Run `process` once, and the others meanwhile; say whether it succeeded."""
        process.is_restarted = False
        self.add(process)
        while process in self.processes and not self.is_stopping:
            self._turn()
        return process.running is not None and process.running.returncode == 0

    def run_while(self, is_wanted: Callable[[], bool]) -> None:
        """Keep everything running while `is_wanted` says so and nobody asks to stop."""
        while not self.is_stopping and is_wanted():
            self._turn()

    def stop(self) -> None:
        """End every process but the servers: 30 s of grace, none after a second Ctrl-C."""
        ending = [p for p in self.processes if not p.is_server]
        for process in ending:
            process.is_restarted = False
            if process.running is None:
                self.processes.remove(process)
                continue
            with contextlib.suppress(ProcessLookupError):
                process.running.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        while self._living(ending) and time.monotonic() < deadline and self.stops_asked < 2:
            self._turn()
        for process in self._living(ending):
            if process.running is not None:
                child.end_group(process.running)
                process.running.wait()
                self.say(f"{process.name} did not end by itself and was killed.")

    def say(self, line: str) -> None:
        """Print a line of our own."""
        self._print("run", line)

    def _living(self, processes: list[Process]) -> list[Process]:
        return [p for p in processes if p in self.processes]

    def _turn(self) -> None:
        for key, _ in self._selector.select(LOOK_EVERY_SECONDS):
            with contextlib.suppress(BlockingIOError):
                key.data()
        now = time.monotonic()
        for process in list(self.processes):
            if process.running is not None and child.has_ended(process.running):
                self._bury(process, process.running, now)
            if process.running is None and process.is_restarted and now >= process.start_at:
                self._launch(process)

    def _launch(self, process: Process) -> None:
        process.started_at = time.monotonic()
        try:
            process.running = process.start()
        except OSError as error:
            self.say(f"{process.name} cannot be started ({error.strerror}).")
            self._plan_restart(process, process.started_at)
            return
        output = process.running.stdout
        if output is not None:
            os.set_blocking(output.fileno(), False)
            self._selector.register(
                output, selectors.EVENT_READ, partial(self._read, process, output)
            )

    def _bury(self, process: Process, ended: subprocess.Popen[bytes], now: float) -> None:
        child.end_group(ended)
        status = ended.wait()
        if ended.stdout is not None and not ended.stdout.closed:
            while self._read(process, ended.stdout):
                pass
            if not ended.stdout.closed:
                self._close(process, ended.stdout)
        if not process.is_restarted:
            self.processes.remove(process)
            if status and not self.is_stopping:
                self.say(f"{process.name} {_how(status)}.")
            return
        process.running = None
        self._plan_restart(process, now)
        self.say(f"{process.name} {_how(status)}; it starts again in {process.delay:.0f} s.")

    def _plan_restart(self, process: Process, now: float) -> None:
        lived_long = now - process.started_at >= LONG_LIFE_SECONDS
        process.delay = (
            FIRST_DELAY_SECONDS
            if lived_long or not process.delay
            else min(process.delay * 2, LONGEST_DELAY_SECONDS)
        )
        process.start_at = now + process.delay

    def _read(self, process: Process, output: IO[bytes]) -> bool:
        """Print what was said meanwhile; say whether there may be more."""
        try:
            said = os.read(output.fileno(), LONGEST_LINE)
        except BlockingIOError:
            return False
        if not said:
            self._close(process, output)
            return False
        process.unfinished += said
        *lines, process.unfinished = process.unfinished.split(b"\n")
        if len(process.unfinished) >= LONGEST_LINE:
            lines.append(process.unfinished)
            process.unfinished = bytearray()
        for line in lines:
            self._print(process.name, line.decode(errors="replace").rstrip())
        return True

    def _close(self, process: Process, output: IO[bytes]) -> None:
        if process.unfinished:
            self._print(process.name, process.unfinished.decode(errors="replace"))
            process.unfinished = bytearray()
        self._selector.unregister(output)
        output.close()

    def _print(self, name: str, line: str) -> None:
        prefix = f"{name:<11} | "
        if self._is_coloured:
            colour = COLOURS[sum(name.encode()) % len(COLOURS)]
            prefix = f"\033[{colour}m{prefix}\033[0m"
        try:
            print(prefix + line, flush=True)
        except OSError:  # nobody reads us any more: the terminal is gone
            self.stops_asked += 1

    def _ask_to_stop(self, *_: object) -> None:
        self.stops_asked += 1


def _how(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"
