"""Read what process trees cost, from Linux's /proc."""

import os
import threading
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.25


class _Stat(NamedTuple):
    pid: int
    parent: int
    name: str
    cpu_seconds: float


def cpu_seconds(root: int) -> float:
    """Return the CPU time, user and system, that a process and all its descendants took so far.

    Descendants that ended count, too: the kernel adds theirs to the parent that waited for them.
    """
    return sum(process.cpu_seconds for process in _tree(root))


def memory_bytes(root: int) -> int:
    """Return the memory of a process and its descendants; shared pages count once (PSS)."""
    return sum(_proportional_set_size(process.pid) for process in _tree(root))


def child_named(name: str) -> int:
    """Return the id of our own child that runs the program `name`. Raises LookupError."""
    for process in _all():
        if process.parent == os.getpid() and process.name == name:
            return process.pid
    raise LookupError(f"no child of this process is called {name}")


class MemoryWatch:
    """Samples the memory of a process tree in bytes, four times a second, during its block."""

    def __init__(self, root: int) -> None:
        self.sizes: list[int] = []
        self._root = root
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(_SAMPLE_SECONDS):
            self.sizes.append(memory_bytes(self._root))


def _tree(root: int) -> list[_Stat]:
    children = defaultdict(list)
    found: list[_Stat] = []
    for process in _all():
        children[process.parent].append(process)
        if process.pid == root:
            found.append(process)
    for process in found:  # grows while it is walked
        found.extend(children[process.pid])
    return found


def _all() -> list[_Stat]:
    found = []
    for path in _PROC.glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:  # it ended in the meantime
            continue
        # The name stands in brackets and may hold anything, brackets and spaces included.
        name = text[text.index("(") + 1 : text.rindex(")")]
        rest = text[text.rindex(")") + 2 :].split()
        ticks = sum(int(field) for field in rest[11:15])
        found.append(_Stat(int(path.parent.name), int(rest[1]), name, ticks / _TICK))
    return found


def _proportional_set_size(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:  # it ended in the meantime
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
