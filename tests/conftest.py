"""What every test stands on: real PostgreSQL and Redis, no outside network, a given time."""

import importlib
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

NO_SERVER = "127.0.0.1:1"
# Set before Django reads its settings. Tests of pure code run without any server.
for name, value in {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "IGNORE_ENV_FILES": "1",
    "SECRET_KEY": "not a secret: the tests' own",
    "FIELD_ENCRYPTION_KEYS": "dGhlIHRlc3RzJyBvd24ga2V5LCBub3QgYSBzZWNyZXQ=",
    "DATABASE_URL": f"postgresql://{NO_SERVER}/start-a-server-first",
    "REDIS_URL": f"redis://{NO_SERVER}/0",
    "MCP_ALLOW_PRIVATE_SERVERS": "1",
}.items():
    os.environ.setdefault(name, value)

import django  # noqa: E402 - reads the environment above

django.setup()

import redis as redis_client  # noqa: E402
from django import conf  # noqa: E402
from django.apps import apps  # noqa: E402
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

from alerts.models import AlertRule  # noqa: E402
from integrations_health import network, partitions, reauth_offers  # noqa: E402
from integrations_health.providers.simulator import Simulator, running  # noqa: E402
from tests import emptying, factories, forks, receivers, roles  # noqa: E402
from tests.chaos import database  # noqa: E402
from tests.deadlines import wait_for_answers  # noqa: E402
from tests.own_servers import OwnServers  # noqa: E402
from tests.receivers import MailReceiver, WebReceiver  # noqa: E402

# In the future, so that whatever the database stamps with its own clock lies before it.
NOW = datetime(2031, 3, 14, 9, 26, 53, tzinfo=UTC)
TESTS = Path(__file__).parent
# Folders, by how long the tests in one of their files take.
SLOWEST_FIRST = {"chaos": 0, "stories": 1, "contract": 2, "live": 3, "browser": 4, "docs": 5}
# So that what hangs does not hold a test up; the other deadlines follow from it.
SHORT_CALL_DEADLINE = timedelta(seconds=1)
START_SERVERS = (
    "This test needs PostgreSQL and Redis. Type "
    "`python -m config.embedded -- pytest ...`, or set DATABASE_URL and REDIS_URL."
)

# What makes guessing a password dear would make each person of a test dear.
PBKDF2PasswordHasher.iterations = 1_000
# Each test client would look for static files anew; the processes of `tests.web_process` have them.
conf.settings.SERVESTATIC_USE_STATIC_ROOT = False
emptying.install()

# Each example of a database test costs milliseconds: a deadline would measure the machine.
hypothesis_settings.register_profile(
    "default",
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.register_profile(
    "thorough", hypothesis_settings.get_profile("default"), max_examples=2_000
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


class OutsideNetwork(Exception):
    """A test tried to reach something that is not on this machine."""


def _stay_on_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise OutsideNetwork(f"{event} to {address}")
    elif event == "socket.getaddrinfo" and not _is_here(arguments[0]):
        if str(arguments[0]).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        raise OutsideNetwork(f"{event} of {arguments[0]!r}")


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host).is_loopback


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return True  # a number: nobody is asked


# Sees every connection of the process, whichever library makes it; only libpq's are its own.
sys.addaudithook(_stay_on_this_machine)


def pytest_configure(config: pytest.Config) -> None:
    """Give each process that tests are shared out to servers of its own."""
    config.pluginmanager.register(OwnServers(NO_SERVER))


def pytest_unconfigure() -> None:
    """Stop what starts processes for the tests."""
    forks.stop()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits longest: processes that share the tests should end together."""
    items.sort(key=lambda item: SLOWEST_FIRST.get(item.path.relative_to(TESTS).parts[0], 9))


@pytest.fixture
def now() -> datetime:
    """Return the instant that a test takes for now; the months around it have partitions."""
    return NOW


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> None:
    """Let no test go by what another one saw of everybody."""
    reauth_offers.storms.forget()


@pytest.fixture
def settings(settings: Any) -> Any:
    """Return the settings; what a test writes into those of a provider ends with the test, too."""
    settings.PROVIDERS = {name: dict(config) for name, config in settings.PROVIDERS.items()}
    return settings


@pytest.fixture
def simulator(settings: Any) -> Iterator[Simulator]:
    """Serve the providers for one test, and point the product's clients at them."""
    with running() as simulator:
        here = {"base_url": simulator.base_url, "api_key": simulator.api_key, "calls_per_minute": 0}
        settings.PROVIDERS = {
            name: {**config, **(here if config["base_url"] else {})}
            for name, config in settings.PROVIDERS.items()
        }
        wait_for_answers(settings, SHORT_CALL_DEADLINE)
        # A client that was made before knows other settings.
        network.close()
        yield simulator
        network.close()


@pytest.fixture
def redis() -> Iterator[redis_client.Redis]:
    """Return a client of the real server, emptied."""
    if NO_SERVER in conf.settings.REDIS_URL:
        pytest.fail(START_SERVERS, pytrace=False)
    client = redis_client.Redis.from_url(conf.settings.REDIS_URL)
    client.flushdb()
    yield client
    client.close()


@pytest.fixture
def no_rules(db: None) -> None:
    """Take away the alert rules that come by migration, so that a test has only its own."""
    AlertRule.objects.all().delete()


@pytest.fixture
def default_rules(no_rules: None) -> None:
    """Bring the alert rules that come by migration."""
    migration = importlib.import_module("alerts.migrations.0004_bring_the_default_rules")
    # Twice, as when a release runs again.
    for _ in range(2):
        migration.bring(apps, None)


@pytest.fixture
def staff_roles(db: None) -> None:
    """Bring the roles that come by migration, where they are missing."""
    for name in roles.ROLES:
        roles.role(name)


@pytest.fixture
def receiver(settings: Any) -> Iterator[WebReceiver]:
    """Return a web server that the product may post to."""
    with receivers.web() as running:
        settings.DELIVERY_TRUSTED_HOSTS = [running.host]
        yield running
    network.close()


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailReceiver]:
    """Return a mail server that the product sends by."""
    with receivers.mail() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "Health <health@example.com>"
        settings.PUBLIC_URL = "https://health.example.com"
        yield running


@pytest.fixture
def staff(client: Client) -> Client:
    """Return a browser in which a member of the staff with every permission is signed in."""
    client.force_login(factories.staff())
    return client


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Say how to get a server, where there is none."""
    if NO_SERVER in os.environ["DATABASE_URL"]:
        pytest.fail(START_SERVERS, pytrace=False)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make the test database, with the months around `now`; chaos has what migrations made."""
    connection.close()
    with database.template(connection.settings_dict["NAME"]):
        with django_db_blocker.unblock():
            for table in partitions.TABLES:
                for months in (-1, 0, 1):
                    month = partitions.later(partitions.month_of(NOW.date()), months)
                    partitions.ensure(table, month)
            # A test that empties the tables takes what migrations brought: who goes by it says so.
            AlertRule.objects.all().delete()
            Group.objects.all().delete()
        yield
