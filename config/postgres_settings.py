"""What the embedded PostgreSQL is told when it starts."""

import os
from collections.abc import Iterator
from pathlib import Path

LEAST_BUFFERS_MB, MOST_BUFFERS_MB = 128, 512


def settings(*, sockets: Path, is_durable: bool) -> Iterator[tuple[str, str]]:
    """Yield names and values; one that is not durable is for tests and waits for no disk."""
    yield "listen_addresses", ""
    yield "unix_socket_directories", str(sockets)
    yield "unix_socket_permissions", "0700"
    yield "max_connections", "200"
    yield "logging_collector", "off"
    if is_durable:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        yield "shared_buffers", f"{buffers_mb(memory)}MB"
    else:
        yield from ((name, "off") for name in ("fsync", "synchronous_commit", "full_page_writes"))


def buffers_mb(memory: int) -> int:
    """Return a quarter of so many bytes, as PostgreSQL's manual advises, within bounds.

    The least is the server's own default. The most holds the tables of 300,000 integrations, whose
    checks cost half as much again where it does not (bench/RESULTS.md). It is taken as it fills.
    """
    return min(max(memory // 4 // 1024**2, LEAST_BUFFERS_MB), MOST_BUFFERS_MB)
