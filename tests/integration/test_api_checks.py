"""POST .../health/check over a real server: many at once, hanging providers, callers that leave."""

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection

from integrations_health.models import ClaimedBatch, HealthCheck, HealthHistory, Integration
from integrations_health.providers.simulator import Simulator
from tests import factories
from tests.callers import token_of
from tests.results import lose
from tests.serving import our_server
from tests.sessions import at_once
from tests.watching import health, watch

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 50


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> Iterator[httpx.Client]:
    with our_server(monkeypatch) as client:
        yield client
        # What still runs must be done before the simulator goes.
        wait_until(lambda: not ClaimedBatch.objects.exists())


@pytest.fixture
def watched(simulator: Simulator) -> Integration:
    return watch(simulator, simulator.connect("composio", "gmail", user_id="alice"))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def path_of(made: Integration) -> str:
    return f"/api/integrations/{made.pk}/health"


def bearer(made: Integration, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(made.user)}", **more}


def check(server: httpx.Client, made: Integration, **more: str) -> httpx.Response:
    return server.post(f"{path_of(made)}/check", headers=bearer(made, **more))


def test_the_answer_is_the_result(server: httpx.Client, watched: Integration) -> None:
    answer = check(server, watched)

    body = answer.json()
    row = health(watched)
    current = body.pop("current")
    assert answer.status_code == 200
    assert body == {
        "status": "healthy",
        "responseTimeMs": row.response_time_ms,
        "cached": False,
        "details": {
            "serverStatus": "ACTIVE",
            "serviceCheck": {"healthy": True, "message": "It works."},
        },
    }
    assert current == server.get(path_of(watched), headers=bearer(watched)).json()["current"]


@pytest.mark.parametrize(
    ("script", "service", "healthy", "message"),
    [
        ("expired", "gmail", False, "The connection expired or was revoked. Reconnect it."),
        ("ok", "notion", True, "No specific health check"),
        ("tool_gone", "gmail", None, "Our check needs an update; the integration itself may be"),
    ],
)
def test_the_service_check_says_what_it_found(
    script: str,
    service: str,
    healthy: bool | None,
    message: str,
    server: httpx.Client,
    simulator: Simulator,
) -> None:
    account = simulator.connect("composio", service, user_id="alice", script=script)

    answer = check(server, watch(simulator, account))

    found = answer.json()["details"]["serviceCheck"]
    assert found["healthy"] is healthy
    assert found["message"].startswith(message)


def test_fifty_at_once_are_one_check(
    server: httpx.Client, watched: Integration, simulator: Simulator
) -> None:
    headers = bearer(watched)
    answers: list[httpx.Response] = []

    at_once(
        AT_ONCE,
        lambda _: answers.append(server.post(f"{path_of(watched)}/check", headers=headers)),
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 429: AT_ONCE - 1}
    assert len(simulator.calls(account=watched.server_instance_id)) == 1
    assert HealthHistory.objects.count() == 1
    for refused in answers:
        if refused.status_code == 429:
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
            assert refused.headers["Content-Type"] == "application/problem+json"
            assert refused.json()["lastResult"]["cached"] is True


def test_what_was_healthy_a_moment_ago_is_said_to_be_known(
    server: httpx.Client, watched: Integration
) -> None:
    HealthCheck.objects.update(status="healthy", last_check_at=datetime.now(UTC))

    answer = check(server, watched)

    assert (answer.status_code, answer.json()["cached"]) == (200, True)


def test_what_takes_too_long_is_answered_later(
    server: httpx.Client, watched: Integration, simulator: Simulator, settings: Any
) -> None:
    settings.MANUAL_CHECK_PATIENCE = timedelta(seconds=0.2)
    simulator.script(watched.server_instance_id, "hang")

    answer = check(server, watched)

    assert answer.status_code == 202
    assert answer.headers["Location"] == path_of(watched)
    assert answer.json()["current"]["status"] == "unknown"
    wait_until(lambda: health(watched).error_code == "timeout")


def test_who_prefers_not_to_wait_does_not(server: httpx.Client, watched: Integration) -> None:
    answer = check(server, watched, Prefer="respond-async, wait=5")

    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "respond-async"
    wait_until(lambda: health(watched).status == "healthy")


def test_a_caller_who_leaves_does_not_lose_the_check(
    server: httpx.Client, watched: Integration, simulator: Simulator
) -> None:
    simulator.script(watched.server_instance_id, "slow(300)")
    address = urlsplit(str(server.base_url))
    request = (
        f"POST {path_of(watched)}/check HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
        f"Authorization: {bearer(watched)['Authorization']}\r\n\r\n"
    )

    with socket.create_connection((address.hostname or "", address.port or 0)) as caller:
        caller.sendall(request.encode())
        assert simulator.wait_until(
            lambda: bool(simulator.calls(account=watched.server_instance_id))
        )

    wait_until(lambda: health(watched).status == "healthy")


def test_while_checks_hang_no_database_connection_is_held(
    server: httpx.Client, simulator: Simulator, settings: Any
) -> None:
    settings.CALL_DEADLINE = timedelta(seconds=5)
    owner = factories.user()
    made = [
        watch(simulator, simulator.connect("composio", "gmail", script="hang"), user=owner)
        for _ in range(10)
    ]
    for one in made:
        check(server, one, Prefer="respond-async")
    wait_until(lambda: len([c for c in simulator.calls() if c.ended_at is None]) >= len(made))

    wait_until(lambda: other_sessions() == 0)

    assert ClaimedBatch.objects.count() == len(made)


def other_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query <> ''"
        )
        (count,) = cursor.fetchone()
    return int(count)


def test_a_provider_that_says_wait_is_told_with_how_long(
    server: httpx.Client, watched: Integration
) -> None:
    factories.budget(blocked_until=datetime.now(UTC) + timedelta(minutes=10))

    answer = check(server, watched)

    assert (answer.status_code, answer.json()["code"]) == (503, "provider_limit")
    assert 590 <= int(answer.headers["Retry-After"]) <= 600


def test_what_rests_is_told(server: httpx.Client, watched: Integration) -> None:
    lose(watched, crashes=3)

    answer = check(server, watched)

    assert (answer.status_code, answer.json()["code"]) == (409, "parked")
