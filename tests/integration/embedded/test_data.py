"""The data of embedded servers: found again, whole after a kill, and never overwritten."""

import os
import subprocess

import pytest

from tests.integration.embedded.conftest import Terminal

NOTHING_YET = "0 rows and 0 runs\n"
ONCE_BEFORE = "1 rows and 1 runs\n"


def test_data_is_found_again(terminal: Terminal) -> None:
    terminal.remember()

    second = terminal.remember()

    assert second.stdout == ONCE_BEFORE, second.stderr


def test_killed_servers_are_waited_for(waiting: subprocess.Popen[str], terminal: Terminal) -> None:
    waiting.kill()

    # At once: what is left of the killed ones still ends while these begin.
    done = terminal.remember()

    assert done.stdout == NOTHING_YET, done.stderr


def test_data_in_use_is_left_to_whoever_uses_it(
    waiting: subprocess.Popen[str], terminal: Terminal
) -> None:
    done = terminal.remember()

    sentence = f"Another PostgreSQL is using {terminal.data}/postgres: stop what started it first."
    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")
    assert waiting.poll() is None


def test_a_process_with_the_number_of_a_dead_server_is_not_taken_for_it(
    terminal: Terminal,
) -> None:
    terminal.remember()
    data = terminal.data / "postgres"
    lines = (str(os.getpid()), str(data), "1", "5432", str(data), "", "1 1")
    (data / "postmaster.pid").write_text("\n".join(lines) + "\n")

    done = terminal.remember()

    assert done.stdout == ONCE_BEFORE, done.stderr


@pytest.mark.parametrize("version", ["", "garbage", "17"])
def test_data_that_cannot_be_read_is_refused_and_left_alone(
    terminal: Terminal, version: str
) -> None:
    data = terminal.data / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text(version)

    done = terminal.remember()

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(data) in done.stderr
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


def test_data_that_was_half_made_is_made_anew(terminal: Terminal) -> None:
    unfinished = terminal.data / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    done = terminal.remember()

    assert done.stdout == NOTHING_YET, done.stderr
    assert not unfinished.exists()


def test_a_disk_without_room_is_named(terminal: Terminal) -> None:
    # No file may pass half a megabyte: to initdb that is a disk without room.
    done = terminal.remember(shell=["sh", "-c", 'ulimit -f 1000; exec "$@"', "sh"])

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "PostgreSQL could not make its data" in done.stderr
    assert "File too large" in done.stderr
