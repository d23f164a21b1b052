"""The demo: who signs in, and a population that is watched; never on real accounts."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from pytest_django import Settings

from integrations_health.models import (
    DailyHealth,
    HealthCheck,
    HealthHistory,
    Integration,
    User,
)
from integrations_health.providers.simulator import Simulator, demo
from tests import factories
from tests.commands import Ran, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_roles")]


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    return tmp_path / "var" / "credentials.txt"


@pytest.fixture
def played(simulator: Simulator) -> Simulator:
    """Have the simulator play the demo's people."""
    demo.populate(simulator)
    return simulator


def prepare(credentials: Path) -> Ran:
    return run("prepare_demo", f"--credentials={credentials}")


def passwords(credentials: Path) -> dict[str, str]:
    lines = credentials.read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def test_everything_that_the_simulator_plays_is_watched(
    played: Simulator, credentials: Path
) -> None:
    ran = prepare(credentials)

    counts = {
        provider: Integration.objects.filter(provider=provider).count()
        for provider in ("composio", "klavis", "mcp")
    }
    assert ran.error == ""
    assert counts == {provider: len(played.population.kept(provider)) for provider in counts}
    assert HealthCheck.objects.count() == sum(counts.values())
    assert set(demo.USERS) <= set(User.objects.values_list("external_id", flat=True))


@pytest.mark.usefixtures("played")
def test_everybody_has_an_address_at_which_nobody_real_is_told(credentials: Path) -> None:
    prepare(credentials)

    addresses = dict(User.objects.values_list("external_id", "email"))
    assert addresses["user-001"] == "user-001@example.com"
    assert all(address.endswith("@example.com") for address in addresses.values())


@pytest.mark.usefixtures("played")
def test_who_is_named_in_the_file_signs_in_and_others_cannot_read_it(credentials: Path) -> None:
    prepare(credentials)

    found = passwords(credentials)
    admin = authenticate(username="admin", password=found["admin"])
    support = authenticate(username="support", password=found["support"])
    assert isinstance(admin, User)
    assert admin.is_superuser
    assert isinstance(support, User)
    assert support.is_staff
    assert not support.is_superuser
    assert all(
        person.check_password(found["user-NNN"])
        for person in User.objects.filter(external_id__in=demo.USERS[:2])
    )
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600


@pytest.mark.usefixtures("played")
def test_support_sees_the_health_and_changes_nothing_of_people(
    credentials: Path, client: Client
) -> None:
    prepare(credentials)
    client.force_login(User.objects.get(username="support"))

    pages = {
        page: client.get(f"/admin/integrations_health/{page}/").status_code
        for page in ("healthcheck", "integration", "healthhistory")
    }
    new_person = client.get("/admin/integrations_health/user/add/").status_code

    assert pages == dict.fromkeys(pages, 200)
    assert new_person == 403


@pytest.mark.usefixtures("played")
def test_what_is_watched_after_the_first_run_has_no_past_made_up(credentials: Path) -> None:
    prepare(credentials)
    mine = factories.integration()

    prepare(credentials)

    assert DailyHealth.objects.exists()
    assert not DailyHealth.objects.filter(integration_id=mine.pk).exists()
    assert not HealthHistory.objects.filter(integration_id=mine.pk).exists()


@pytest.mark.usefixtures("played")
def test_a_second_run_keeps_the_passwords(credentials: Path) -> None:
    prepare(credentials)
    before = (credentials.read_text(), User.objects.get(username="admin").password)

    ran = prepare(credentials)

    assert ran.error == ""
    assert (credentials.read_text(), User.objects.get(username="admin").password) == before


@pytest.mark.usefixtures("played")
def test_a_file_that_was_removed_means_new_passwords(credentials: Path) -> None:
    prepare(credentials)
    before = passwords(credentials)
    credentials.unlink()

    prepare(credentials)

    after = passwords(credentials)
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    assert authenticate(username="admin", password=after["admin"]) is not None


def test_real_accounts_are_left_alone(credentials: Path, settings: Settings) -> None:
    composio: dict[str, Any] = settings.PROVIDERS["composio"]
    real = {**composio, "base_url": "https://backend.composio.dev", "api_key": "ak_real"}
    settings.PROVIDERS = {**settings.PROVIDERS, "composio": real}

    ran = prepare(credentials)

    assert ran.error.startswith("This is not the demo")
    assert not credentials.exists()
    assert not User.objects.exists()
