"""Read one environment variable, typed, or stop with its name and what to type."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

from config import run_folder

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


def load_files(var: Path) -> None:
    """Add what `.env`, the running product and its first run wrote down; the environment wins.

    IGNORE_ENV_FILES=1 keeps them out: tests do not depend on what somebody runs or types.
    """
    if flag("IGNORE_ENV_FILES", default=False):
        return
    _read(ROOT / ".env")
    # Written by `make run`: where its servers listen. It goes stale when the product was killed.
    if run_folder.is_held(var):
        _read(var / "run.env")
    _read(var / "secrets.env")


def text(name: str, *, example: str, default: str | None = None) -> str:
    """Return the variable `name`. Raises ImproperlyConfigured when it is missing or empty."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set. Type for example: {name}={example}")
    return default


def number(name: str, *, default: int, least: int = 0, most: int = 2**31) -> int:
    """Return the variable `name` as a whole number within `least` and `most`."""
    return _parsed(name, int, default, f"a whole number from {least} to {most}", least, most)


def seconds(name: str, *, default: float, least: float, most: float) -> float:
    """Return the variable `name` as seconds, fractions allowed, within `least` and `most`."""
    return _parsed(name, float, default, f"seconds from {least:g} to {most:g}", least, most)


def flag(name: str, *, default: bool) -> bool:
    """Return the variable `name` as a yes or a no."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={value} is not understood. Type {name}=1 or {name}=0")


def choice(name: str, *, default: str, among: tuple[str, ...]) -> str:
    """Return the variable `name`, which is one of a few words."""
    value = os.environ.get(name, "").strip().lower() or default
    if value not in among:
        raise ImproperlyConfigured(f"{name}={value} is not understood. Type {' or '.join(among)}")
    return value


def words(name: str, *, default: list[str]) -> list[str]:
    """Return the variable `name`, split at commas, without empty parts."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()] or default


def _parsed(name: str, parse: Callable[[str], T], default: T, wanted: str, least: T, most: T) -> T:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    try:
        parsed = parse(value)
        is_within = least <= parsed <= most  # type: ignore[operator]  # int or float, both ordered
    except ValueError:
        is_within = False
    if not is_within:
        raise ImproperlyConfigured(f"{name}={value} is not understood. Type {wanted}")
    return parsed


class _File(environ.Env):  # type: ignore[misc]  # published without types
    """Takes what a file says, instead of the process's environment."""

    ENVIRON: ClassVar[dict[str, str]] = {}


def _read(path: Path) -> None:
    if not path.is_file():
        return
    _File.ENVIRON.clear()
    _File.read_env(str(path))
    for name, value in _File.ENVIRON.items():
        # An empty one, as in a copy of .env.example, leaves the word to the next file.
        if value and not os.environ.get(name):
            os.environ[name] = value
