"""A fork of a test is what the command would be, and is left behind by nobody."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.chaos.processes import wait_until
from tests.forks import ForkServer


@pytest.fixture
def server() -> Iterator[ForkServer]:
    with ForkServer(["platform"], os.environ) as running:
        yield running


def test_it_has_its_own_environment_arguments_and_output(
    server: ForkServer, tmp_path: Path
) -> None:
    program, output = tmp_path / "program.py", tmp_path / "output"
    program.write_text("import os, sys\nprint(sys.argv[1:], os.environ['SAID'], len(os.environ))\n")

    fork = server.start([str(program), "-x"], environment={"SAID": "so"}, output=output)

    assert fork.wait(timeout=20) == 0
    assert output.read_text() == "['-x'] so 1\n"


@pytest.mark.parametrize(("end", "status"), [("sys.exit(3)", 3), ("raise ValueError", 1)])
def test_its_end_is_told(server: ForkServer, tmp_path: Path, end: str, status: int) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"import sys\n{end}\n")

    fork = server.start([str(program)], environment={}, output=tmp_path / "output")

    assert fork.wait(timeout=20) == status


def test_it_is_killed_by_a_signal_and_waited_for_only_so_long(
    server: ForkServer, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text("import time\ntime.sleep(60)\n")
    fork = server.start([str(program)], environment={}, output=tmp_path / "output")

    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(timeout=0)
    fork.kill()

    assert fork.wait(timeout=20) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends orphans for us")
def test_it_dies_with_its_server(server: ForkServer, tmp_path: Path) -> None:
    program, output = tmp_path / "program.py", tmp_path / "output"
    program.write_text("import time\nprint('here', flush=True)\ntime.sleep(60)\n")
    fork = server.start([str(program)], environment={}, output=output)
    wait_until(lambda: output.read_text() == "here\n", seconds=20, what="it runs")

    server.stop()

    wait_until(lambda: not _runs(fork.pid), seconds=5, what="it is gone, too")


def test_what_is_for_python_or_the_loader_alone_is_started_by_itself() -> None:
    worker = [sys.executable, "-m", "celery", "worker"]

    assert forks.can_be_forked(worker, os.environ) is (sys.platform == "linux")
    assert not forks.can_be_forked(worker, os.environ | {"PYTHONPATH": "/elsewhere"})
    assert not forks.can_be_forked(worker, os.environ | {"LD_PRELOAD": "another.so"})
    assert not forks.can_be_forked([sys.executable, "-c", "pass"], os.environ)
    assert not forks.can_be_forked(["sleep", "60"], os.environ)


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
