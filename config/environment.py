"""Read one environment variable, typed, or stop with its name and what to type."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config import run_folder

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
_HOST = re.compile(r"\[[0-9a-f:.]+\]|[^\s/:@?#\[\]]+")
_LINE = re.compile(r"(export )?[A-Za-z_0-9]+=.*|\s*(#.*)?")


def load_files(var: Path, *, root: Path = ROOT) -> None:
    """Add what `.env`, the running product and its first run wrote down; the environment wins.

    IGNORE_ENV_FILES=1 keeps them out: tests do not depend on what somebody runs or types.
    """
    if flag("IGNORE_ENV_FILES", default=False):
        return
    _read(root / ".env")
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


def address(name: str, *, example: str, default: str) -> str:
    """Return the variable `name` as the address of a web server, without a slash at its end."""
    value = text(name, example=example, default=default)
    _require_addresses(name, [value], example=example)
    return value.rstrip("/")


def addresses(name: str, *, example: str) -> list[str]:
    """Return the variable `name`, split at commas, as addresses of web servers."""
    values = words(name, default=[])
    _require_addresses(name, values, example=example)
    return values


def secret(name: str) -> str:
    """Return the variable `name`, which nobody is to guess; empty when it is missing."""
    value = text(name, example="at least 32 random characters", default="")
    if 0 < len(value) < 32:
        raise ImproperlyConfigured(
            f"{name} has {len(value)} characters. Type at least 32 random ones, made by "
            "`python -c 'import secrets; print(secrets.token_urlsafe(48))'`"
        )
    return value


def understood(
    name: str,
    *,
    by: Callable[[str], T],
    example: str,
    wanted: str,
    default: str | None = None,
    is_shown: bool = False,
) -> T:
    """Return what `by` makes of the variable `name`; where it raises ValueError, say what to type.

    What was typed may hold a password, and is not shown unless it `is_shown`.
    """
    value = text(name, example=example, default=default)
    try:
        return by(value)
    except ValueError:
        said = f"{name}={value}" if is_shown else name
        raise ImproperlyConfigured(f"{said} is not understood. Type {wanted}") from None


def number(name: str, *, default: int, least: int = 0, most: int = 2**31) -> int:
    """Return the variable `name` as a whole number within `least` and `most`."""
    return _within(name, int, default, f"a whole number from {least} to {most}", least, most)


def seconds(name: str, *, default: float, least: float, most: float) -> float:
    """Return the variable `name` as seconds, fractions allowed, within `least` and `most`."""
    return _within(name, float, default, f"seconds from {least:g} to {most:g}", least, most)


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


def hosts(name: str, *, default: list[str], has_ports: bool = False) -> list[str]:
    """Return the variable `name`, names or numbers of hosts, in lower case as browsers say them.

    With `has_ports` each is followed by its port; otherwise none is.
    """
    found = [host.lower() for host in words(name, default=default)]
    named = [host.rpartition(":") if has_ports else (host, ":", "1") for host in found]
    if not all(_HOST.fullmatch(host) and port.isdecimal() for host, _, port in named):
        example = "10.0.0.7:8080,chat.internal:443" if has_ports else "health.example.com,10.0.0.7"
        # Never with its value: who types an address may type a password with it.
        raise ImproperlyConfigured(f"{name} is not understood. Type for example: {name}={example}")
    return found


def _require_addresses(name: str, values: list[str], *, example: str) -> None:
    if not all(map(_is_address, values)):
        # Never with its value: it may hold a password.
        raise ImproperlyConfigured(f"{name} is not understood. Type for example: {name}={example}")


def _within(name: str, parse: Callable[[str], T], default: T, wanted: str, least: T, most: T) -> T:
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


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        is_reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        return False
    is_plain = value.isprintable() and " " not in value
    return parts.scheme in {"http", "https"} and is_reachable and is_plain


class _File(environ.Env):  # type: ignore[misc]  # published without types
    """Takes what a file says, instead of the process's environment."""

    ENVIRON: ClassVar[dict[str, str]] = {}


def _read(path: Path) -> None:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError:  # not there, or not for us: what is missing is said when it is asked for
        return
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path} is not understood. Save it as UTF-8") from None
    for number, line in enumerate(lines, 1):
        if not _LINE.fullmatch(line):
            # Never the line itself: it may hold a secret.
            raise ImproperlyConfigured(
                f"Line {number} of {path} is not understood. Type NAME=value, with no space before "
                "the name or the ="
            )
    _File.ENVIRON.clear()
    _File.read_env(io.StringIO("\n".join(lines)))
    for name, value in _File.ENVIRON.items():
        # An empty one, as in a copy of .env.example, leaves the word to the next file.
        if value and not os.environ.get(name):
            os.environ[name] = value
