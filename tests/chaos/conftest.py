"""A running product for each chaos test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import database, stack
from tests.chaos.stack import Stack
from tests.conftest import NO_SERVER, START_SERVERS


@pytest.fixture(scope="session")
def migrated_template() -> Iterator[str]:
    """Return the name of a migrated database, which each stack copies."""
    if NO_SERVER in database.server_url():
        pytest.fail(START_SERVERS, pytrace=False)
    with database.template() as name:
        yield name


@pytest.fixture(name="stack")
def _stack(migrated_template: str, tmp_path: Path) -> Iterator[Stack]:
    """Return a stack of which nothing runs yet; all that it starts is killed at the end."""
    with stack.running(migrated_template, tmp_path) as running:
        yield running
