"""The product, run as its users run it: a copy of the tree, a terminal, real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("config", "integrations_health", "alerts", "templates", "manage.py", "Procfile")
# What the test run itself set must not reach the product.
OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "IGNORE_ENV_FILES")
# Six Pythons start at once, on a machine that may have other things to do.
PATIENCE_SECONDS = 100


@dataclass(frozen=True)
class Product:
    """The whole of it, with its demo: where it is, where it answers, and its runner's number."""

    tree: Path
    port: int
    pid: int

    @property
    def url(self) -> str:
        """Return where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        """Say whether it says so itself."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def copy_tree(folder: Path) -> Path:
    """Return a copy of the product in `folder`, with its own `var/` still to come."""
    tree = folder / "tree"
    tree.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            # Others may be compiling it right now: these are renamed when they are whole.
            halves = shutil.ignore_patterns("*.pyc.*")
            shutil.copytree(source, tree / part, ignore=halves)
        elif source.exists():
            shutil.copy2(source, tree / part)
    return tree


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of somebody who only just cloned the tree, and `variables`."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**kept, "DJANGO_SETTINGS_MODULE": "config.settings", **variables}


def start(tree: Path, **variables: str) -> subprocess.Popen[str]:
    """Start the runner in `tree`; `said` returns what it prints."""
    with (tree / "said.txt").open("a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "config.runner"],
            cwd=tree,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@contextmanager
def running(tree: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run the product for the block; whatever is left of it afterwards is killed."""
    process = start(tree, **variables)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(45)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in processes_of(tree):
            os.kill(pid, signal.SIGKILL)


def said(tree: Path) -> str:
    """Return everything that the runner has printed so far."""
    return (tree / "said.txt").read_text()


def has_said(tree: Path, words: str) -> bool:
    """Say whether the runner has printed `words`."""
    return words in said(tree)


def is_up(tree: Path) -> bool:
    """Say whether it has welcomed whoever started it."""
    return has_said(tree, "Integration Health is running.")


def run(tree: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in `tree` to its end, as somebody would in another terminal."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def processes_of(tree: Path) -> dict[int, str]:
    """Return the living processes that work in `tree` or on its data, and their command lines."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            folder = str((entry / "cwd").readlink())
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended
        is_alive = bool(command)
        if is_alive and (folder.startswith(str(tree)) or str(tree) in command):
            found[int(entry.name)] = command
    return found


def matching(tree: Path, words: str) -> list[int]:
    """Return the living processes of `tree` whose command line contains `words`."""
    return [pid for pid, command in processes_of(tree).items() if words in command]


def first_of(pids: list[int]) -> int:
    """Return the one that started the others; numbers begin anew, so a child's may be lower."""
    (first,) = [pid for pid in pids if _parent_of(pid) not in pids]
    return first


def _parent_of(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return pid  # it has ended: not the one that is looked for
    return int(stat.rpartition(")")[2].split()[1])


def wait_until(
    is_so: Callable[[], object], *, what: str, patience: float = PATIENCE_SECONDS
) -> None:
    """Wait until `is_so()`; fail with `what` when it does not come about."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.05)


def free_port() -> int:
    """Return a port that nobody listens at right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
