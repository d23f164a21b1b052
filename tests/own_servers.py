"""Servers for each of the processes that share the tests, so that none disturbs another."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from config import embedded

VARIABLES = ("DATABASE_URL", "REDIS_URL")


class OwnServers:
    """Starts PostgreSQL and Redis for each process that tests are shared out to.

    A variable that contains `nowhere` names no server; a real server cannot be shared.
    """

    def __init__(self, nowhere: str) -> None:
        """Start nothing yet."""
        self._nowhere = nowhere
        self._running = ExitStack()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, specs: list[Any]) -> None:
        """Start the servers, and point each process at its own."""
        # Nothing in this process asks a server.
        for name in VARIABLES:
            if self._nowhere not in os.environ.pop(name, self._nowhere):
                pytest.exit(f"Tests on a server of yours run in one process: unset {name}.")
        for spec in specs:
            folder = self._running.enter_context(
                tempfile.TemporaryDirectory(prefix="health-", ignore_cleanup_errors=True)
            )
            servers = embedded.servers(Path(folder), is_durable=False)
            spec.env.update(self._running.enter_context(servers))

    def pytest_unconfigure(self) -> None:
        """Stop the servers."""
        self._running.close()
