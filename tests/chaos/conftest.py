"""A running product for each chaos test."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import own_database, stack
from tests.chaos.lost_database import BACK_SECONDS, is_live
from tests.chaos.own_database import Site
from tests.chaos.processes import wait_until
from tests.chaos.running import copy_tree, processes_of
from tests.chaos.stack import Stack


# Of `db` it uses nothing, but without it the database that it copies is not made for chaos alone.
@pytest.fixture(name="stack")
def _stack(db: None, tmp_path: Path) -> Iterator[Stack]:
    """Return a stack of which nothing runs yet; all that it starts is killed at the end."""
    with stack.running(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def whole_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return a web server on servers of its own."""
    with own_database.running(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    """Return the same; it gets over what a test did to it without being started again."""
    yield whole_site
    wait_until(lambda: is_live(whole_site), seconds=BACK_SECONDS, what="answers are fresh again")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """Return a tree in which nothing runs and nothing ran."""
    tree = copy_tree(tmp_path)
    yield tree
    for pid in processes_of(tree):
        os.kill(pid, signal.SIGKILL)
