"""What `make run` keeps in `var/`: who runs, where its servers listen, its secrets."""

import base64
import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from config.server_errors import CannotStart

LOCK_PATIENCE_SECONDS = 1
SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "FIELD_ENCRYPTION_KEYS": lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(),
    "SIMULATOR_API_KEY": lambda: f"sim_{secrets.token_urlsafe(24)}",
    "JWT_SECRET": lambda: secrets.token_urlsafe(48),
    "METRICS_TOKEN": lambda: secrets.token_urlsafe(48),
}
# Came with a later version, and a new one loses nothing.
ADDED_LATER = frozenset({"JWT_SECRET", "METRICS_TOKEN"})


@contextlib.contextmanager
def held(var: Path) -> Iterator[None]:
    """Be the only product that runs in `var`, for the block. Raises CannotStart."""
    with _sentence_for(var):
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(var / "run.pid", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, var)
        with _sentence_for(var):
            (var / "run.env").unlink(missing_ok=True)
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
        try:
            yield
        finally:
            # While the lock is ours: `run.env` of another who holds it is not ours to remove.
            with contextlib.suppress(OSError):
                (var / "run.env").unlink(missing_ok=True)
    finally:
        # The lock goes with the file's closing, whatever ends us; the file may stay.
        os.close(lock)


def is_held(var: Path) -> bool:
    """Say whether a product runs in `var` right now."""
    try:
        lock = os.open(var / "run.pid", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def write_environment(var: Path, variables: Mapping[str, str]) -> None:
    """Write down where the servers listen, for commands in other terminals. Raises CannotStart."""
    with _sentence_for(var):
        _write(var / "run.env", variables)


def make_secrets(var: Path) -> None:
    """Make the secrets of this installation, on the first run only. Raises CannotStart.

    Those that exist are never replaced: data encrypted under a lost key is lost.
    """
    path = var / "secrets.env"
    with _sentence_for(var):
        if not path.exists():
            _write(path, {name: make() for name, make in SECRETS.items()})
            return
        lines = path.read_text(errors="replace").splitlines()
    pairs = (line.partition("=") for line in lines)
    present = {name: value for name, _, value in pairs if value.strip()}
    missing = [name for name in SECRETS if name not in present]
    if missing and ADDED_LATER.issuperset(missing):
        with _sentence_for(var):
            _write(path, present | {name: SECRETS[name]() for name in missing})
    elif missing:
        raise CannotStart(
            f"{path} has no {missing[0]}: bring back a copy of the file, or move all of {var} away "
            "to start anew."
        )


def _write(path: Path, variables: Mapping[str, str]) -> None:
    """Write the whole file or nothing, for its owner only."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


def _take(lock: int, var: Path) -> None:
    deadline = time.monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # A command that only looks holds it for a moment.
            if time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            pid = os.read(lock, 32).decode(errors="replace").strip() or "unknown"
            raise CannotStart(
                f"The product runs in {var.parent} already (process {pid}): use that one, or stop "
                "it first with Ctrl-C in its terminal."
            ) from None
        return


@contextlib.contextmanager
def _sentence_for(var: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotStart(
            f"{var} cannot be written ({error.strerror}): make room or change the owner of it."
        ) from error
