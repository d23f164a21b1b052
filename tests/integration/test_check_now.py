"""One check in the foreground says how an integration is, why, and what comes next."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from integrations_health import schedule
from integrations_health.models import HealthCheck, Integration
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.commands import Ran, run
from tests.watching import watch

pytestmark = pytest.mark.django_db

AGES_AGO = datetime(2026, 1, 1, tzinfo=UTC)


Watched = Callable[..., Integration]


@pytest.fixture
def watched(simulator: Simulator) -> Watched:
    """Connect an account that follows a script, and watch it since long ago."""

    def connect(script: str = "ok", service: str = "gmail", **fields: Any) -> Integration:
        account = simulator.connect("composio", service, user_id="alice", script=script)
        since = {"connected_at": AGES_AGO, "next_check_at": AGES_AGO}
        return watch(simulator, account, **since, **fields)

    return connect


def check(integration: Integration | str, *options: str) -> Ran:
    reference = integration if isinstance(integration, str) else str(integration.pk)
    return run("check_now", reference, *options)


def test_a_healthy_integration_is_explained(watched: Watched) -> None:
    made = watched()

    ran = check(made)

    lines = ran.out.splitlines()
    assert ran.error == ""
    assert lines[0] == f"gmail via composio of {made.user.external_id}"
    assert lines[1] == f"{made.pk}: It works."
    assert "status             unknown -> healthy" in lines
    assert "outcome            ok" in lines
    assert re.search(r"^next check +20\d\d-.*Z$", ran.out, re.MULTILINE)
    assert re.fullmatch(r".*GMAIL_GET_PROFILE.* \(HTTP 200, \d+ ms\): successful", lines[-1])


def test_a_dead_grant_is_explained_and_the_command_has_worked(watched: Watched) -> None:
    made = watched("expired", status="healthy")

    ran = check(made)

    assert ran.error == ""
    assert "The connection expired or was revoked. Reconnect it." in ran.out
    assert "status             healthy -> unhealthy" in ran.out
    assert "outcome            auth_expired" in ran.out
    assert "cause              user_grant" in ran.out
    assert "EXPIRED" in ran.out.splitlines()[-1]


def test_a_service_without_a_check_of_its_own_says_so(watched: Watched) -> None:
    made = watched(service="notion")

    ran = check(made)

    assert "service check      No specific health check" in ran.out
    assert "status             unknown -> healthy" in ran.out


def test_the_same_is_there_as_data(watched: Watched) -> None:
    made = watched("revoked_but_active", service="slack", status="healthy")

    ran = check(made, "--json")

    verdict = json.loads(ran.out)
    health = HealthCheck.objects.get()
    asked, probed = verdict.pop("evidence")
    assert verdict == {
        "integrationId": str(made.pk),
        "service": "slack",
        "provider": "composio",
        "user": made.user.external_id,
        "statusBefore": "healthy",
        "status": "degraded",
        "outcome": "auth_expired",
        "cause": "user_grant",
        "sentence": "The connection expired or was revoked. Reconnect it.",
        "isReused": False,
        "probe": "SLACK_TEST_AUTH",
        "responseTimeMs": health.response_time_ms,
        "consecutiveFailures": 1,
        "checkedAt": written(health.last_check_at),
        "nextCheckAt": written(health.next_check_at),
    }
    assert asked["said"] == "ACTIVE"
    assert (probed["httpStatus"], probed["latencyMs"]) == (200, health.response_time_ms)


def written(at: datetime | None) -> str | None:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


def test_a_healthy_result_of_a_moment_ago_is_shown_again_and_said_to_be_one(
    watched: Watched, simulator: Simulator
) -> None:
    made = watched()
    check(made)
    asked = len(simulator.calls())
    before = HealthCheck.objects.values().get()

    ran, data = check(made), json.loads(check(made, "--json").out)

    assert "outcome            ok  (a result of " in ran.out
    assert "reused; --fresh asks again)" in ran.out
    assert "GMAIL_GET_PROFILE" in ran.out
    assert data["isReused"] is True
    assert len(simulator.calls()) == asked
    assert HealthCheck.objects.values().get() == before


def test_who_wants_it_fresh_gets_it_fresh(watched: Watched, simulator: Simulator) -> None:
    made = watched()
    check(made)
    asked = len(simulator.calls())

    ran = check(made, "--fresh")

    assert "reused" not in ran.out
    assert len(simulator.calls()) > asked


@pytest.mark.parametrize("part", [str, lambda pk: str(pk)[:8], lambda pk: pk.hex])
def test_the_beginning_of_an_id_is_enough(part: Callable[[Any], str], watched: Watched) -> None:
    made = watched()

    ran = check(part(made.pk))

    assert str(made.pk) in ran.out


def test_the_providers_id_is_as_good(watched: Watched) -> None:
    made = watched()

    ran = check(made.server_instance_id)

    assert str(made.pk) in ran.out


def test_an_id_that_nobody_has_is_told() -> None:
    ran = check("nobody")

    assert ran == Ran(
        "",
        "",
        "No such integration. Type its id, the beginning of its id, or its server instance id.",
    )


def test_where_several_may_be_meant_they_are_listed(watched: Watched) -> None:
    made = [factories.integration(server_instance_id="shared") for _ in range(2)]

    ran = check("shared")

    first, *candidates = ran.error.splitlines()
    assert first == "2 integrations may be meant. Type more of the id:"
    assert sorted(candidates) == sorted(
        f"  {one.pk}  gmail via composio, user {one.user.external_id}" for one in made
    )


def test_a_check_that_runs_already_is_not_doubled(watched: Watched, simulator: Simulator) -> None:
    made = watched()
    schedule.claim_due("composio", limit=1)

    ran = check(made)

    assert ran == Ran("", "", "It is being checked right now. Try again in a moment.")
    assert not simulator.calls()


def test_a_spent_budget_is_told(watched: Watched, simulator: Simulator) -> None:
    made = watched()
    factories.budget(blocked_until=datetime.now(UTC) + timedelta(hours=1))

    ran = check(made)

    assert ran == Ran("", "", "composio lets us ask nothing more for now. Try again later.")
    assert not simulator.calls()


def test_a_check_that_reached_nobody_has_not_worked(
    watched: Watched, settings: Settings, unused_tcp_port: int
) -> None:
    made = watched()
    for name in ("composio", "klavis"):
        settings.PROVIDERS[name]["base_url"] = f"http://127.0.0.1:{unused_tcp_port}"

    ran = check(made, "--json")

    assert json.loads(ran.out)["outcome"] == "internal_error"
    assert ran.error == "Our own check failed, so this says nothing of the integration."


def test_no_secret_of_the_provider_is_shown(watched: Watched, simulator: Simulator) -> None:
    made = watched("secret_echo")

    ran = check(made)

    assert "[redacted]" in ran.out
    assert simulator.api_key not in ran.out
