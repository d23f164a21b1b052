"""One running server for all tests of the WebSocket, and a signed-in user for each."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from integrations_health import network
from integrations_health.models import User
from tests import factories, keys
from tests.live.serving import Server, serving


@pytest.fixture(scope="module")
def server(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Return the server; what a test makes is its own, so they can share it."""
    with (
        django_db_blocker.unblock(),
        serving(tmp_path_factory.mktemp("web"), JWT_SECRET=keys.SECRET) as server,
    ):
        yield server


@pytest.fixture(autouse=True)
def _same_secret(settings: Any) -> None:
    settings.JWT_SECRET = keys.SECRET


@pytest.fixture(autouse=True)
def _network_ends() -> Iterator[None]:
    yield
    network.close()


@pytest.fixture
def owner(transactional_db: None) -> User:
    """Return a user."""
    return factories.user()


@pytest.fixture
def session(owner: User) -> str:
    """Return the key of a session in which `owner` is signed in."""
    return session_of(owner)


def session_of(user: User) -> str:
    """Sign a user in, and return the key of the session."""
    browser = Client()
    browser.force_login(user)
    return browser.cookies["sessionid"].value
