"""The chaos tests' own ground: real processes, of which none is left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.environment import ROOT
from tests.chaos import processes
from tests.chaos.processes import NotInTime, Process
from tests.chaos.stack import Stack

pytestmark = pytest.mark.chaos

# Starts a process of our kind, says its pid, and waits to be killed.
_PARENT = """
import sys, time
from pathlib import Path
from tests.chaos.processes import Process
child = Process("child", ["sleep", "60"], environment={}, output=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(60)
"""


def test_what_a_killed_test_run_had_started_dies_with_it(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path / "output")], stdout=subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())

    parent.kill()
    parent.wait()
    parent.stdout.close()

    processes.wait_until(lambda: not _runs(orphan), seconds=5, what="the child is gone, too")


def test_a_worker_leaves_with_all_its_children(stack: Stack) -> None:
    worker = stack.start_worker(children=2)
    stack.wait_until_ready(worker)
    children = worker.children()

    worker.kill_tree()

    assert len(children) == 2
    processes.wait_until(
        lambda: not any(map(_runs, children)), seconds=5, what="the pool is gone, too"
    )


def test_the_children_of_a_checks_worker_are_born_with_the_http_client(stack: Stack) -> None:
    worker = stack.start_worker()

    stack.wait_until_ready(worker)

    (child,) = worker.children()
    assert "aiohttp" in Path(f"/proc/{child}/maps").read_text()


def test_waiting_in_vain_tells_what_was_said_last(tmp_path: Path) -> None:
    talker = Process(
        "talker", ["sh", "-c", "echo I am here"], environment={}, output=tmp_path / "output"
    )
    processes.wait_until(lambda: not talker.is_alive, seconds=5, what="it ends")

    with pytest.raises(NotInTime, match=r"not within 0 s: pigs fly\n--- talker \(dead\) ---\nI am"):
        processes.wait_until(lambda: False, seconds=0, what="pigs fly", watching=[talker])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A zombie of somebody else's is as good as gone.
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
