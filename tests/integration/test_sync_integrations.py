"""Every connection that the providers know is watched, and none is ever lost to a bad list."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from integrations_health import discovery
from integrations_health.models import HealthCheck, Integration, ProviderBudget, User
from integrations_health.outcomes import Outcome
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.commands import Ran, run

pytestmark = pytest.mark.django_db


def connect_many(simulator: Simulator, count: int) -> None:
    for number in range(count):
        simulator.connect("composio", "gmail", user_id=f"user-{number}")


def sync(*options: str) -> Ran:
    return run("sync_integrations", *options)


def watched() -> set[tuple[str, str, str, str | None]]:
    rows = Integration.objects.values_list(
        "provider", "service", "server_instance_id", "user__external_id"
    )
    return set(rows)


def test_the_connections_of_all_providers_are_watched(simulator: Simulator) -> None:
    connected = [
        simulator.connect("composio", "gmail", user_id="alice"),
        simulator.connect("composio", "gmail", user_id="alice"),
        simulator.connect("composio", "calendar", user_id="bob"),
        simulator.connect("composio", "notion", user_id="bob", script="expired"),
        simulator.connect("klavis", "slack", user_id="alice"),
    ]

    ran = sync()

    assert ran.error == ""
    assert ran.out.splitlines() == [
        "composio: 4 connections: 4 created, 0 updated, 0 unchanged; new users: 2",
        "klavis: 1 connections: 1 created, 0 updated, 0 unchanged; new users: 0",
    ]
    assert watched() == {
        (account.provider, account.service.name, account.id, account.user_id)
        for account in connected
    }
    assert set(User.objects.values_list("external_id", flat=True)) == {"alice", "bob"}


def test_a_second_run_changes_nothing_and_says_so(simulator: Simulator) -> None:
    simulator.connect("composio", "gmail")
    simulator.connect("klavis", "gmail")
    sync()
    before = list(Integration.objects.order_by("pk").values())

    ran = sync()

    assert ran.out.splitlines() == [
        "composio: 1 connections: nothing changed",
        "klavis: 1 connections: nothing changed",
    ]
    assert list(Integration.objects.order_by("pk").values()) == before


def test_a_pause_survives_and_references_are_brought_up_to_date(simulator: Simulator) -> None:
    account = simulator.connect("composio", "gmail", user_id="alice")
    sync("--provider", "composio")
    Integration.objects.update(enabled=False)
    account.auth_config_id = "ac_new"

    ran = sync("--provider", "composio")

    made = Integration.objects.get()
    assert "0 created, 1 updated, 0 unchanged" in ran.out
    assert made.auth_config_id == "ac_new"
    assert not made.enabled
    assert not HealthCheck.objects.get().enabled


def test_nobody_is_disconnected_for_missing_from_a_list(simulator: Simulator) -> None:
    gone = simulator.connect("composio", "gmail", user_id="alice")
    simulator.connect("composio", "slack", user_id="bob")
    sync("--provider", "composio")
    before = list(Integration.objects.order_by("pk").values())
    simulator.population.delete(gone)

    ran = sync("--provider", "composio")

    assert ran.out == "composio: 1 connections: nothing changed\n"
    assert list(Integration.objects.order_by("pk").values()) == before


def test_a_list_that_breaks_off_keeps_what_was_found_and_disconnects_nobody(
    simulator: Simulator,
) -> None:
    simulator.connect("klavis", "gmail", user_id="carol")
    connect_many(simulator, 250)
    simulator.answers("composio", "ok*2, 500")

    ran = sync()

    assert Integration.objects.filter(provider="composio").count() == 200
    assert Integration.objects.filter(provider="klavis").count() == 1
    (line,) = ran.err.splitlines()
    assert line.startswith(
        "composio: 200 connections: 200 created, 0 updated, 0 unchanged; new users: 200; "
        "then the list broke off: server_error ("
    )
    assert "HTTP 500" in line
    assert ran.out.startswith("klavis: 1 connections: 1 created")
    assert ran.error.startswith("Not complete for composio.")


def test_a_short_page_is_no_complete_list(simulator: Simulator) -> None:
    connect_many(simulator, 5)
    sync("--provider", "composio")
    simulator.connect("composio", "slack", script="short_page")

    ran = sync("--provider", "composio")

    assert ran.error.startswith("Not complete for composio.")
    assert HealthCheck.objects.filter(enabled=True).count() >= 5


def test_a_key_that_is_refused_is_told_without_showing_it(
    simulator: Simulator, settings: Settings
) -> None:
    settings.PROVIDERS["composio"]["api_key"] = "ak_wrong-9f8e7d6c"

    ran = sync("--provider", "composio")

    assert "composio: 0 connections: nothing changed; then the list broke off: " in ran.err
    assert "key_rejected" in ran.err
    assert "9f8e7d6c" not in "".join(ran)
    assert ran.error.startswith("Not complete for composio.")


def test_a_dry_run_writes_nothing(simulator: Simulator) -> None:
    simulator.connect("composio", "gmail", user_id="alice")

    ran = sync("--provider", "composio", "--dry-run")

    assert ran.out.startswith(
        "Dry run, nothing was written. composio: 1 connections: 1 created, 0 updated"
    )
    assert not Integration.objects.exists()
    assert not User.objects.exists()


def test_one_provider_can_be_chosen(simulator: Simulator) -> None:
    simulator.connect("composio", "gmail")
    simulator.connect("klavis", "gmail")

    sync("--provider", "klavis", "--provider", "klavis")

    assert {row[0] for row in watched()} == {"klavis"}
    assert not simulator.calls(provider="composio")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("zapier", "zapier is not a provider we know. Type one of composio, klavis, mcp."),
        ("klavis", "klavis has no key. Set KLAVIS_API_KEY."),
        ("mcp", "mcp has no list of connections. Use import_integrations."),
    ],
)
def test_a_provider_that_cannot_be_asked_is_refused(
    name: str, problem: str, simulator: Simulator, settings: Settings
) -> None:
    settings.PROVIDERS["klavis"]["api_key"] = ""

    ran = sync("--provider", "composio", "--provider", name)

    assert ran.error == problem


def test_without_any_key_the_command_says_what_to_set(settings: Settings) -> None:
    settings.PROVIDERS = {
        name: {**config, "api_key": ""} for name, config in settings.PROVIDERS.items()
    }

    ran = sync()

    assert ran.error == "No provider has a key. Set COMPOSIO_API_KEY or KLAVIS_API_KEY."


def test_a_crowd_comes_in_pages_and_is_spread_over_the_interval(simulator: Simulator) -> None:
    connect_many(simulator, 2_350)

    ran = sync("--provider", "composio")

    delays = [health.next_check_at - health.created_at for health in HealthCheck.objects.all()]
    assert "2,350 connections: 2,350 created" in ran.out
    assert len(simulator.calls(provider="composio")) == 24
    assert max(delays) <= timedelta(minutes=5)
    assert sum(delay > timedelta(seconds=5) for delay in delays) > 1_900


def test_a_spent_budget_ends_the_list_and_disconnects_nobody(simulator: Simulator) -> None:
    simulator.connect("composio", "gmail")
    factories.budget(sweep_next_at=datetime.now(UTC) + timedelta(hours=1))

    (progress,) = discovery.discover("composio", patience=timedelta())

    assert progress.failure is not None
    assert progress.failure.outcome is Outcome.RATE_LIMITED
    assert not simulator.calls()
    assert ProviderBudget.objects.get().blocked_until is None


def test_a_provider_that_asks_us_to_wait_is_left_alone_for_so_long(simulator: Simulator) -> None:
    simulator.answers("composio", "429(120)")

    ran = sync("--provider", "composio")

    blocked_until = ProviderBudget.objects.get().blocked_until
    assert "rate_limited (" in ran.err
    assert len(simulator.calls()) == 1
    assert blocked_until is not None
    assert 100 < (blocked_until - datetime.now(UTC)).total_seconds() <= 120


def test_calls_stay_within_the_providers_limit(simulator: Simulator, settings: Settings) -> None:
    connect_many(simulator, 3_000)
    simulator.limit("composio", 1_200)
    settings.PROVIDERS["composio"]["calls_per_minute"] = 1_200

    ran = sync("--provider", "composio")

    times = sorted(call.started_at for call in simulator.calls())
    assert ran.error == ""
    assert times[-1] - times[0] >= 29 * 60 / 1_200
