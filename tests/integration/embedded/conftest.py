"""Commands with servers of their own, run as people run them who have none."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from config.environment import ROOT

EMBEDDED = (sys.executable, "-m", "config.embedded")
# Writes a row and a key, and says how many there were.
REMEMBER = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
    database.execute("CREATE TABLE IF NOT EXISTS notes (word text)")
    rows = database.execute("SELECT count(*) FROM notes").fetchone()[0]
    database.execute("INSERT INTO notes VALUES ('kept')")
cache = redis.Redis.from_url(os.environ["REDIS_URL"])
print(rows, "rows and", cache.incr("runs") - 1, "runs")
"""
# Says that the servers are up, and waits to be killed.
WAIT = "import time; print('up', flush=True); time.sleep(600)"


class Terminal:
    """Where somebody types commands who has no server."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.temporary = folder / "t"
        self.temporary.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.temporary)}
        self.environment.pop("DATABASE_URL", None)
        self.environment.pop("REDIS_URL", None)

    def start(self, program: str, *options: str, **variables: str) -> subprocess.Popen[str]:
        """Start a Python program with servers; `options` go before it."""
        return subprocess.Popen(
            [*EMBEDDED, *options, "--", sys.executable, "-c", program],
            env={**self.environment, **variables},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, program: str, *options: str, shell: Sequence[str] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a Python program with servers to its end, below `shell` if one is given."""
        return subprocess.run(
            [*shell, *EMBEDDED, *options, "--", sys.executable, "-c", program],
            env={**self.environment, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def remember(
        self, *, shell: Sequence[str] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Write a row and a key into `data`; the output says how many there were."""
        return self.run(REMEMBER, "--data", str(self.data), shell=shell, **variables)


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return a terminal whose temporary folder nobody else uses."""
    return Terminal(tmp_path)


@pytest.fixture
def waiting(terminal: Terminal) -> Iterator[subprocess.Popen[str]]:
    """Yield a command that waits, with servers that keep their data in `terminal.data`."""
    process = terminal.start(WAIT, "--data", str(terminal.data))
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    yield process
    process.kill()
    process.communicate()
