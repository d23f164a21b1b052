"""Make the virtual environment that everything else runs in: `python3 config/bootstrap.py [--dev]`.

Runs on the system's own Python, before anything is installed: nothing but the standard library.
A run that finds everything in place changes nothing.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed.json")
UNFINISHED = os.path.join(VENV, "unfinished")
RUN = "requirements.txt"
DEV = "requirements-dev.txt"
# The older MCP package, whose servers some providers still run. Two versions do not fit into one
# environment, so the tests find this one in a folder of its own.
MCP1 = "requirements-mcp1.txt"


class CannotInstall(Exception):
    """The environment could not be made; the text is one sentence that says what to do."""


def main(arguments):  # type: (list[str]) -> int
    """Make what is missing; return 0, or 1 after one sentence on stderr."""
    if sys.version_info < (3, 11):
        found = ".".join(map(str, sys.version_info[:2]))
        print(
            "Python 3.11 or newer is needed and this is %s: install one and name it, "
            "for example: make run PYTHON=python3.11" % found,
            file=sys.stderr,
        )
        return 1
    is_dev = "--dev" in arguments
    try:
        with _alone():
            _make(is_dev)
    except CannotInstall as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"The virtual environment {VENV} cannot be made ({error.strerror}): "
            "make room or change the owner of the folder.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


@contextlib.contextmanager
def _alone():  # type: ignore[no-untyped-def]  # the syntax of old Pythons, which get a clear word
    """Wait until no other terminal is installing into the same tree."""
    with open(os.path.join(ROOT, RUN), "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(is_dev):  # type: (bool) -> None
    place = {"python": sys.version.split()[0], "folder": VENV}
    stamp = _stamp()
    if os.path.exists(UNFINISHED) or not _runs() or (stamp and _place(stamp) != place):
        _remove()
        stamp = {}
    wanted = {DEV: _digest(DEV), MCP1: _digest(MCP1)} if is_dev else {RUN: _digest(RUN)}
    # The list for developers contains the list for running.
    if not is_dev and stamp.get(DEV) == _digest(DEV):
        return
    if all(stamp.get(name) == digest for name, digest in wanted.items()):
        return
    started = time.monotonic()
    print("Installing into .venv ...", flush=True)
    _make_venv()
    for name, digest in wanted.items():
        if stamp.get(name) != digest:
            _install(name)
    stamp.update(wanted, **place)
    _write_stamp(stamp)
    os.remove(UNFINISHED)
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def _stamp():  # type: () -> dict[str, str]
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _place(stamp):  # type: (dict[str, str]) -> dict[str, str | None]
    return {"python": stamp.get("python"), "folder": stamp.get("folder")}


def _write_stamp(stamp):  # type: (dict[str, str]) -> None
    with open(STAMP + ".new", "w") as file:
        json.dump(stamp, file, indent=2)
    os.replace(STAMP + ".new", STAMP)


def _digest(name):  # type: (str) -> str
    with open(os.path.join(ROOT, name), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _runs():  # type: () -> bool
    """Say whether the environment's Python starts; one that was half made does not."""
    try:
        return subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _remove():  # type: () -> None
    if os.path.lexists(VENV):
        print("The virtual environment .venv is not whole or was made elsewhere: making it anew.")
        shutil.rmtree(VENV)


def _make_venv():  # type: () -> None
    is_new = not os.path.exists(PYTHON)
    os.makedirs(VENV, exist_ok=True)
    with open(UNFINISHED, "w"):
        pass
    # Without its pip: that alone would take longer than everything else.
    if is_new and _run([_base_python(), "-m", "venv", "--without-pip", VENV]) is not None:
        raise CannotInstall(
            "This Python makes no virtual environments: install its module venv, "
            "for example: apt-get install python3-venv"
        )


def _base_python():  # type: () -> str
    # In an active environment, the Python it was made of: that one has pip.
    return getattr(sys, "_base_executable", None) or sys.executable


def _install(name):  # type: (str) -> None
    """Install a locked list, by uv (seconds) or else by pip (a minute and a half)."""
    target = ["--target", os.path.join(VENV, "mcp1")] if name == MCP1 else []
    listed = ["-r", os.path.join(ROOT, name), "--require-hashes", *target]
    uv = _uv()
    failure = "there is no uv"
    if uv is not None:
        done = _run([uv, "pip", "install", "--quiet", "--python", PYTHON, *listed])
        if done is None:
            return
        failure = done
    done = _run([_base_python(), "-m", "pip", "--python", PYTHON, "install", "--quiet", *listed])
    if done is None:
        return
    if "No module named pip" in done:
        raise CannotInstall(
            f"{name} cannot be installed, because this Python has no pip and uv did not help "
            f"({failure}): install pip, for example: apt-get install python3-pip"
        )
    raise CannotInstall(
        f"{name} cannot be installed ({done}): look at the network or at pip's settings, then "
        "type the same command again."
    )


def _uv():  # type: () -> str | None
    own = os.path.join(VENV, "bin", "uv")
    if not os.path.exists(own):
        found = shutil.which("uv")
        if found is not None:
            return found
        _run([_base_python(), "-m", "pip", "--python", PYTHON, "install", "--quiet", "uv"])
    return own if os.path.exists(own) else None


def _run(command):  # type: (list[str]) -> str | None
    """Return nothing when `command` succeeds, else its last words."""
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1")
    environment.pop("VIRTUAL_ENV", None)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [f"exit status {done.returncode}"])[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
