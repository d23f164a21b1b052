"""The life of one embedded PostgreSQL."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from config import child, postgres_seat, postgres_settings
from config.server_errors import CannotStart

START_DEADLINE_SECONDS = 60
STOP_DEADLINE_SECONDS = 20
# A socket's path fits into 107 bytes, and PostgreSQL adds a name to its folder.
LONGEST_SOCKET_FOLDER = 85
MAJOR_VERSION = "18"
# What a line begins with that says why PostgreSQL, or the making of its data, ended.
REASONS = ("error: ", "FATAL: ", "PANIC: ")


class Postgres:
    """A PostgreSQL that keeps its data in one folder and listens on a private socket."""

    process: subprocess.Popen[bytes]

    def __init__(self, data: Path, *, is_durable: bool) -> None:
        """Name the folder; without `is_durable` it does not wait for the disk."""
        self.data = data
        self.is_durable = is_durable

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Yield the URL of the database `app` of the running server. Raises CannotStart."""
        with contextlib.ExitStack() as stack:
            self.seat = stack.enter_context(
                postgres_seat.taken(self.data, is_durable=self.is_durable)
            )
            self.data = self.seat.data
            self.lock = stack.enter_context(self._alone())
            self._initialise()
            self._forget_the_dead()
            self.sockets = stack.enter_context(self._socket_folder())
            self.relaunch()
            try:
                self._wait()
                yield f"postgresql://app@/app?host={quote(str(self.sockets), safe='')}"
            finally:
                # SIGINT is PostgreSQL's fast shutdown: connections are closed, data is written.
                child.stop(
                    self.process, signal_number=signal.SIGINT, patience=STOP_DEADLINE_SECONDS
                )

    def relaunch(self) -> subprocess.Popen[bytes]:
        """Start the server once more, at the same URL, after it ended; do not wait for it."""
        with (self.data / "postgres.log").open("ab") as log:
            self.log_start = log.tell()
            self.process = child.start(
                [
                    *self.seat.prefix,
                    str(self.seat.binaries / "postgres"),
                    *("-D", str(self.data)),
                    *(
                        part
                        for name, value in postgres_settings.settings(
                            sockets=self.sockets, is_durable=self.is_durable
                        )
                        for part in ("-c", f"{name}={value}")
                    ),
                ],
                # Quick shutdown rather than SIGKILL: a killed postmaster leaves its children.
                parting_signal=signal.SIGQUIT,
                output=log,
                pass_fds=(self.lock,),
                **self.seat.options,
            )
        return self.process

    @contextlib.contextmanager
    def _alone(self) -> Iterator[int]:
        """Yield a lock on the folder that the servers inherit: it is free when all have ended.

        After a `kill -9` the last one still shuts down while we start: we wait for it.
        """
        path = self.data.with_name(self.data.name + ".lock")
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _cannot_be_made(self.data, error) from error
        try:
            self._take(lock)
            yield lock
        finally:
            os.close(lock)

    def _take(self, lock: int) -> None:
        deadline = time.monotonic() + STOP_DEADLINE_SECONDS
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if time.monotonic() >= deadline:
                    raise CannotStart(
                        f"Another PostgreSQL is using {self.data}: stop what started it first."
                    ) from None
                time.sleep(0.05)

    def _initialise(self) -> None:
        if self.data.exists():
            self._check_version()
            return
        # Made beside and moved into place, so that a folder that is there is always whole.
        unfinished = self.data.with_name(self.data.name + ".unfinished")
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            self._initdb(unfinished)
            unfinished.rename(self.data)
        except OSError as error:
            raise _cannot_be_made(self.data, error) from error

    def _check_version(self) -> None:
        try:
            found = (self.data / "PG_VERSION").read_text().strip()
        except (OSError, UnicodeDecodeError):
            found = ""
        if not found.isdecimal():
            raise CannotStart(
                f"The PostgreSQL data in {self.data} is damaged: bring back a copy, or move the "
                "folder away to start anew."
            )
        if found != MAJOR_VERSION:
            raise CannotStart(
                f"The data in {self.data} belongs to PostgreSQL {found}, and this is "
                f"{MAJOR_VERSION}: dump it with the old version, move the folder away, and restore."
            )

    def _forget_the_dead(self) -> None:
        """Remove what a killed server wrote down, so that nobody is taken for it.

        PostgreSQL refuses to start while any process of ours has the number of the one before it,
        which after a restart of the machine, or in a container, some process often has.
        """
        path = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(path.read_text().splitlines()[0])
            if not _works_in(pid, self.data):
                path.unlink()

    def _initdb(self, data: Path) -> None:
        command = [
            *self.seat.prefix,
            str(self.seat.binaries / "initdb"),
            *("-D", str(data), "-A", "trust", "-U", "app", "-E", "UTF8"),
            # Independent of LANG and of the locales that this machine happens to have.
            *("--locale-provider=builtin", "--locale=C.UTF-8"),
            *([] if self.is_durable else ["--no-sync"]),
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=(self.lock,),
            **self.seat.options,
        )
        if done.returncode:
            raise CannotStart(
                f"PostgreSQL could not make its data in {self.data} "
                f"({_reason(done.stderr or done.stdout)}): mend that and start again, or set "
                "DATABASE_URL to a server of yours."
            )

    @contextlib.contextmanager
    def _socket_folder(self) -> Iterator[Path]:
        if _has_room_for_a_socket(self.data):
            yield self.data
            return
        with tempfile.TemporaryDirectory(prefix="health-sockets-", dir=_short_place()) as folder:
            yield Path(folder)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        url = f"postgresql://app@/postgres?host={quote(str(self.sockets), safe='')}"
        while self.process.poll() is None and time.monotonic() < deadline:
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(url, autocommit=True, connect_timeout=2) as connection,
            ):
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute("CREATE DATABASE app")
                return
            time.sleep(0.05)
        child.stop(self.process, signal_number=signal.SIGINT, patience=STOP_DEADLINE_SECONDS)
        log = self.data / "postgres.log"
        said = log.read_bytes()[self.log_start :].decode(errors="replace")
        raise CannotStart(
            f"The embedded PostgreSQL did not start ({_reason(said)})"
            f": see {log}, or set DATABASE_URL to a server of yours."
        )


def _has_room_for_a_socket(folder: Path) -> bool:
    return len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER


def _short_place() -> str:
    """Return the folder for what is temporary, or, where its own path is too long, /tmp."""
    usual = tempfile.gettempdir()
    return usual if _has_room_for_a_socket(Path(usual) / ("x" * 24)) else "/tmp"


def _cannot_be_made(data: Path, error: OSError) -> CannotStart:
    return CannotStart(
        f"{data} cannot be made ({error.strerror}): make room or change the owner of {data.parent}."
    )


def _works_in(pid: int, folder: Path) -> bool:
    """Say whether a process may work in `folder`; without Linux's /proc every process may."""
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:  # it has ended, or is not ours
        return False


def _reason(text: str) -> str:
    """Return the line that says what went wrong, without what PostgreSQL says around it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # What follows the first one are hints and its consequences; "the database system is starting
    # up" is what our own looks were told.
    reasons = [
        line
        for line in lines
        if any(word in line for word in REASONS) and "the database system is" not in line
    ]
    return next(iter(reasons or lines[-1:]), "it said nothing")
