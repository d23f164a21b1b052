"""A command with servers of its own: they are real, private, and gone when it is."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from config.postgres_seat import NO_NAMESPACES
from tests.integration.embedded.conftest import REMEMBER, WAIT, Terminal

NOTHING_YET = "0 rows and 0 runs\n"
SAY_URLS = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"
SAY_COLLATION = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as database:
    print(*database.execute(
        "SELECT datcollate FROM pg_database WHERE datname = current_database()").fetchone())
"""
PATIENCE_SECONDS = 30


def _descendants(pid: int) -> set[int]:
    children: dict[int, set[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = path.read_text().rpartition(")")[2].split()
        except OSError:  # it ended in the meantime
            continue
        children.setdefault(int(after_name[1]), set()).add(int(path.parent.name))
    found, new = set[int](), {pid}
    while new:
        new = set[int]().union(*(children.get(one, set()) for one in new))
        found |= new
    return found


def _living(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _state(pid) not in {"Z", ""}}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_a_command_finds_both_servers_and_nothing_of_them_stays(terminal: Terminal) -> None:
    done = terminal.run(REMEMBER)

    assert done.stdout == NOTHING_YET, done.stderr
    assert list(terminal.temporary.iterdir()) == []


def test_the_status_of_the_command_is_ours(terminal: Terminal) -> None:
    done = terminal.run("raise SystemExit(7)")

    assert done.returncode == 7


def test_a_command_that_is_killed_has_the_status_that_a_shell_gives(terminal: Terminal) -> None:
    done = terminal.run("import os; os.kill(os.getpid(), 9)")

    assert done.returncode == 128 + signal.SIGKILL


def test_several_at_once_have_servers_of_their_own(terminal: Terminal) -> None:
    commands = [terminal.start(REMEMBER) for _ in range(3)]

    said = [command.communicate()[0] for command in commands]

    assert said == [NOTHING_YET] * 3


def test_servers_that_are_named_are_used_and_none_is_started(terminal: Terminal) -> None:
    theirs = {"DATABASE_URL": "postgresql://there/db", "REDIS_URL": "redis://there/0"}

    done = terminal.run(SAY_URLS, "--data", str(terminal.data), **theirs)

    assert done.stdout == "postgresql://there/db redis://there/0\n"
    assert not terminal.data.exists()


def test_one_server_that_is_named_does_not_stand_for_the_other(terminal: Terminal) -> None:
    done = terminal.run(SAY_URLS, REDIS_URL="redis://there/0")

    database, redis = done.stdout.split()
    assert database.startswith("postgresql://app@/app?host=")
    assert redis == "redis://there/0"


def test_the_user_s_language_does_not_change_the_order_of_words(terminal: Terminal) -> None:
    done = terminal.run(SAY_COLLATION, LANG="xx_YY.UTF-8", LC_ALL="xx_YY")

    assert done.stdout == "C.UTF-8\n", done.stderr


def test_a_path_too_long_for_a_socket_is_no_obstacle(terminal: Terminal) -> None:
    terminal.data = terminal.data / ("a folder with a long name " * 4)

    done = terminal.remember()

    assert done.stdout == NOTHING_YET, done.stderr


def test_nor_is_a_folder_for_temporary_files_with_such_a_path(terminal: Terminal) -> None:
    terminal.data = terminal.data / ("a folder with a long name " * 4)
    long = terminal.temporary / ("another folder with a long name " * 4)
    long.mkdir()

    done = terminal.remember(TMPDIR=str(long))

    assert done.stdout == NOTHING_YET, done.stderr


@pytest.fixture
def refused(terminal: Terminal) -> Iterator[dict[str, str]]:
    """Yield the variables of a machine without user namespaces; nothing stays outside `data`."""
    variables = {NO_NAMESPACES: "1"}
    yield variables
    database, _ = terminal.run(SAY_URLS, "--data", str(terminal.data), **variables).stdout.split()
    shutil.rmtree(Path(parse_qs(urlsplit(database).query)["host"][0]).parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another seat for PostgreSQL")
def test_root_without_user_namespaces_finds_its_data_again(
    terminal: Terminal, refused: dict[str, str]
) -> None:
    terminal.remember(**refused)

    second = terminal.remember(**refused)

    assert second.stdout == "1 rows and 1 runs\n", second.stderr


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux ends orphans for us")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_whatever_ends_us_ends_the_servers_and_the_command(
    waiting: subprocess.Popen[str], how: signal.Signals
) -> None:
    descendants = _descendants(waiting.pid)

    if how == signal.SIGINT:  # a terminal sends it to the command, too
        os.kill(_waiting_among(descendants), how)
    waiting.send_signal(how)

    assert len(descendants) > 5  # the command, Valkey, PostgreSQL and its helpers
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _living(descendants) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _living(descendants) == set()


def _waiting_among(pids: set[int]) -> int:
    for pid in pids:
        if Path(f"/proc/{pid}/cmdline").read_bytes().endswith(WAIT.encode() + b"\0"):
            return pid
    raise LookupError("the waiting command")
