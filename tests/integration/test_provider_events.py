"""What a provider tells makes one look at once; it decides nothing, and has its effect once."""

import time
from typing import Any

import pytest
from redis import Redis

from integrations_health.models import HealthCheck, Integration
from integrations_health.providers.simulator import Simulator
from integrations_health.providers.simulator.composio_webhooks import expired_event
from tests.conftest import NO_SERVER
from tests.hooks import LATER, SECRET, due, expired, headers, tell, watch_later
from tests.sessions import another_session
from tests.watching import health, watch

pytestmark = pytest.mark.django_db
BODY = expired("ca_1")


@pytest.fixture(autouse=True)
def shared_secret(settings: Any, redis: Redis) -> None:
    settings.PROVIDERS["composio"]["webhook_secrets"] = [SECRET]


@pytest.fixture
def watched() -> Integration:
    return watch_later()


def test_what_an_expired_account_serves_is_due_at_once(simulator: Simulator) -> None:
    account = simulator.connect("composio", "gmail", status="EXPIRED")
    expiring = [
        watch(simulator, account, next_check_at=LATER),
        watch(simulator, account, service="calendar", next_check_at=LATER),
    ]
    watch_later(account.id, provider="klavis")
    watch_later("ca_of_somebody_else")

    answer = tell(*expired_event(account, SECRET))

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Cache-Control"] == "no-store"
    assert due() == {one.pk for one in expiring}


def test_the_event_decides_nothing_by_itself(watched: Integration) -> None:
    before = vars(health(watched))

    tell(headers(BODY), BODY)

    after = vars(health(watched))
    changed = {name for name in before if after[name] != before[name]} - {"_state"}
    assert changed == {"next_check_at", "slot_at", "state_version"}


def test_a_worker_is_woken_for_what_is_due_and_for_nothing_else(redis: Redis) -> None:
    tell(headers(BODY), BODY)
    before = redis.llen("checks")
    watch_later()

    tell(headers(BODY, id="msg_2"), BODY)

    assert (before, redis.llen("checks")) == (0, 1)


def test_what_is_paused_stays_so() -> None:
    watch_later(enabled=False)

    answer = tell(headers(BODY), BODY)

    assert (answer.status_code, due()) == (204, set())


@pytest.mark.parametrize(
    "body",
    [
        expired("ca_unknown"),
        expired("ca_1\x00"),
        expired(["ca_1"]),
        BODY.replace(b"connected_account.expired", b"trigger.disabled"),
        b"[" * 100_000,
        b"\xff\x00",
        b"",
    ],
)
def test_anything_else_is_heard_and_has_no_effect(watched: Integration, body: bytes) -> None:
    answer = tell(headers(body), body)

    assert (answer.status_code, due()) == (204, set())


def test_an_event_that_is_sent_again_has_one_effect(watched: Integration, redis: Redis) -> None:
    tell(headers(BODY), BODY)
    HealthCheck.objects.update(next_check_at=LATER)

    again = tell(headers(BODY, at=int(time.time()) - 60), BODY)

    (key,) = redis.scan_iter("provider-event:*")
    assert (again.status_code, due()) == (204, set())
    assert 595_000 < redis.execute_command("PTTL", key) <= 600_000


def test_another_event_about_the_same_account_has_its_own(watched: Integration) -> None:
    tell(headers(BODY), BODY)
    HealthCheck.objects.update(next_check_at=LATER)

    tell(headers(BODY, id="msg_2"), BODY)

    assert due() == {watched.pk}


def test_without_redis_it_is_heeded_all_the_same(watched: Integration, settings: Any) -> None:
    settings.REDIS_URL = f"redis://{NO_SERVER}/0"

    answer = tell(headers(BODY), BODY)

    assert (answer.status_code, due()) == (204, {watched.pk})


@pytest.mark.django_db(transaction=True)
def test_what_could_not_be_done_is_done_when_it_is_sent_again(watched: Integration) -> None:
    with another_session() as session:
        session.execute("SELECT FROM integration_health_checks FOR UPDATE")
        failed = tell(headers(BODY), BODY)
        session.rollback()

    again = tell(headers(BODY), BODY)

    assert (failed.status_code, failed.json()["code"]) == (503, "database_unavailable")
    assert (again.status_code, due()) == (204, {watched.pk})
