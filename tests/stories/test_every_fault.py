"""Whatever a provider does, each integration ends with the right status, code and cause."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from integrations_health import pipeline
from integrations_health.models import Integration
from integrations_health.providers.simulator import Simulator
from tests.conftest import NOW
from tests.watching import health, watch

pytestmark = pytest.mark.django_db

A_MINUTE_LATER = NOW + timedelta(seconds=62)
Verdict = tuple[str, str]

AT_COMPOSIO: Mapping[str, Verdict] = {
    "ok": ("healthy", ""),
    "strange_status": ("healthy", ""),
    "expired": ("unhealthy", "auth_expired"),
    "failed": ("unhealthy", "auth_expired"),
    "revoked": ("unhealthy", "auth_expired"),
    "revoked_but_active": ("degraded", "auth_expired"),
    "inactive": ("degraded", "disconnected"),
    "disabled": ("degraded", "disconnected"),
    "gone": ("degraded", "disconnected"),
    "missing_scope": ("degraded", "permission"),
    "service_500": ("degraded", "service_error"),
    "service_quota": ("degraded", "service_error"),
    "duplicate_keys": ("degraded", "service_error"),  # it says successful, then that it is not
    "initiated": ("unknown", "pending"),
    "auth_config_disabled": ("unknown", "probe_misconfigured"),
    "tool_gone": ("unknown", "probe_misconfigured"),
    "bad_arguments": ("unknown", "probe_misconfigured"),
    "500": ("degraded", "server_error"),
    "502": ("degraded", "server_error"),
    "503": ("degraded", "server_error"),
    "408": ("degraded", "server_error"),
    "hang": ("degraded", "timeout"),
    "drip": ("degraded", "timeout"),
    "endless": ("degraded", "bad_response"),
    "redirect": ("degraded", "bad_response"),
    "malformed": ("degraded", "bad_response"),
    "html": ("degraded", "bad_response"),
    "empty": ("degraded", "bad_response"),
    "invalid_utf8": ("degraded", "bad_response"),
    "deep": ("degraded", "bad_response"),
    "huge_integer": ("degraded", "bad_response"),
    "nan": ("degraded", "bad_response"),
    "wrong_type": ("degraded", "bad_response"),
    "huge": ("degraded", "bad_response"),
    "gzip_bomb": ("degraded", "bad_response"),
    "big_header": ("degraded", "bad_response"),
    "truncated": ("degraded", "bad_response"),
    "disconnect": ("degraded", "unreachable"),
}
AT_KLAVIS: Mapping[str, Verdict] = {
    "ok": ("healthy", ""),
    "revoked_but_active": ("degraded", "auth_expired"),
    "missing_scope": ("degraded", "permission"),
    "service_500": ("degraded", "service_error"),
    "tool_gone": ("unknown", "probe_misconfigured"),
    "initiated": ("unknown", "pending"),
    "gone": ("degraded", "disconnected"),
    "500": ("degraded", "server_error"),
    "malformed": ("degraded", "bad_response"),
    "hang": ("degraded", "timeout"),
}
AT_MCP: Mapping[str, Verdict] = {
    "ok": ("healthy", ""),
    "revoked_but_active": ("degraded", "auth_expired"),
    "missing_scope": ("degraded", "permission"),
    "service_500": ("degraded", "service_error"),
    "tool_gone": ("unknown", "probe_misconfigured"),
    "500": ("degraded", "server_error"),
    "malformed": ("degraded", "bad_response"),
    "hang": ("degraded", "timeout"),
}


def population(
    simulator: Simulator, provider: str, faults: Mapping[str, Verdict]
) -> dict[str, Integration]:
    return {
        fault: watch(
            simulator,
            simulator.connect(provider, "gmail", user_id=f"user-{number}", script=fault),
            next_check_at=NOW,
        )
        for number, fault in enumerate(faults)
    }


def verdicts(watched: Mapping[str, Integration]) -> dict[str, Verdict]:
    rows = {fault: health(integration) for fault, integration in watched.items()}
    return {fault: (row.status, row.error_code) for fault, row in rows.items()}


def sweep(provider: str, *, now: datetime = NOW) -> None:
    while pipeline.run(provider, now=now):
        pass


@pytest.mark.parametrize(
    ("provider", "faults"),
    [("composio", AT_COMPOSIO), ("klavis", AT_KLAVIS), ("mcp", AT_MCP)],
)
def test_each_fault_of_a_provider_has_its_verdict(
    provider: str, faults: Mapping[str, Verdict], simulator: Simulator
) -> None:
    watched = population(simulator, provider, faults)

    sweep(provider)

    assert verdicts(watched) == dict(faults)


@pytest.mark.parametrize("provider", ["composio", "klavis", "mcp"])
def test_what_works_but_slowly_is_told_from_what_works(
    provider: str, simulator: Simulator, settings: Settings
) -> None:
    # Seconds apart, so that a busy machine does not make the quick one slow.
    settings.SLOW_MS, settings.CALL_DEADLINE = 2_000, timedelta(seconds=10)
    settings.CHECK_DEADLINE = settings.BATCH_DEADLINE = timedelta(seconds=30)
    watched = population(simulator, provider, {"ok": ("", ""), "slow(2100)": ("", "")})

    sweep(provider)

    assert verdicts(watched) == {"ok": ("healthy", ""), "slow(2100)": ("degraded", "slow")}


@pytest.mark.parametrize("provider", ["composio", "klavis", "mcp"])
def test_a_dead_grant_that_reads_active_is_found_by_the_second_look(
    provider: str, simulator: Simulator
) -> None:
    account = simulator.connect(provider, "gmail", script="revoked_but_active")
    integration = watch(simulator, account, next_check_at=NOW)

    sweep(provider)
    first = health(integration)
    sweep(provider, now=A_MINUTE_LATER)
    second = health(integration)

    assert (first.status, first.next_check_at) == ("degraded", NOW + timedelta(seconds=60))
    assert (second.status, second.error_code) == ("unhealthy", "auth_expired")


def test_the_word_of_slack_itself_is_heard(simulator: Simulator) -> None:
    account = simulator.connect("composio", "slack", script="slack_ok_false")
    integration = watch(simulator, account, next_check_at=NOW)

    sweep("composio")

    assert health(integration).error_code == "auth_expired"


def test_a_service_without_a_probe_lives_on_the_server_status(simulator: Simulator) -> None:
    account = simulator.connect("composio", "notion")
    integration = watch(simulator, account, next_check_at=NOW)

    sweep("composio")

    row = health(integration)
    assert row.status == "healthy"
    assert row.metadata["isProbed"] is False


def test_a_rejected_key_is_nobodys_fault_but_ours(simulator: Simulator) -> None:
    watched = [
        watch(
            simulator, simulator.connect("composio", "gmail"), next_check_at=NOW, status="healthy"
        )
        for _ in range(5)
    ]
    simulator.answers("composio", "key_rejected")

    sweep("composio")

    rows = [health(integration) for integration in watched]
    assert {(row.status, row.error_code, row.consecutive_failures) for row in rows} == {
        ("healthy", "key_rejected", 0)
    }
    assert len(simulator.calls(provider="composio")) == 1


def test_a_short_page_disconnects_nobody(simulator: Simulator) -> None:
    watched = [
        watch(simulator, simulator.connect("composio", "notion"), next_check_at=NOW)
        for _ in range(4)
    ]
    simulator.script(watched[0].server_instance_id, "short_page")

    sweep("composio")

    assert "disconnected" not in {health(integration).error_code for integration in watched}


def test_one_poisonous_id_costs_the_others_nothing(simulator: Simulator) -> None:
    accounts = [simulator.connect("composio", "gmail") for _ in range(9)]
    poison = simulator.connect("composio", "gmail", script="refused_batch")
    watched = [watch(simulator, account, next_check_at=NOW) for account in accounts]
    watch(simulator, poison, next_check_at=NOW)

    sweep("composio")

    assert {health(integration).status for integration in watched} == {"healthy"}


def test_no_check_ever_touches_what_could_break_a_connection(simulator: Simulator) -> None:
    population(simulator, "composio", AT_COMPOSIO)

    sweep("composio")

    assert simulator.forbidden_calls == []
