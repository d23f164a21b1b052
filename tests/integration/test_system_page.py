"""Staff see whether the monitor itself is well, at the same cost however much there is."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import Redis

from alerts import watchdog as telling
from config import queues
from integrations_health import catch_up, watchdog
from integrations_health.models import HealthCheck
from tests import factories
from tests.keeping import keep_one
from tests.results import claim
from tests.roles import browser_of, member
from tests.sessions import execute

pytestmark = pytest.mark.django_db

PAGE = "/admin/system/"


def tiles(client: Client) -> dict[str, Any]:
    return {tile.name: tile for tile in client.get(PAGE).context["tiles"]}


@pytest.mark.usefixtures("redis")
@pytest.mark.parametrize("role", ["support", "operator", "admin"])
def test_every_role_sees_it(role: str) -> None:
    assert browser_of(member(role)).get(PAGE).status_code == 200


@pytest.mark.usefixtures("redis")
def test_others_do_not_see_it(client: Client) -> None:
    no_role = browser_of(factories.user(is_staff=True))
    customer = browser_of(factories.user())

    assert no_role.get(PAGE).status_code == 403
    assert customer.get(PAGE).status_code == 302
    assert client.get(PAGE).status_code == 302


@pytest.mark.usefixtures("redis")
def test_a_monitor_at_rest_is_well(staff: Client) -> None:
    catch_up.follow_heartbeat()

    assert {tile.tone for tile in tiles(staff).values()} == {"healthy"}


@pytest.mark.usefixtures("redis")
def test_what_is_not_well_is_said(staff: Client) -> None:
    now = timezone.now()
    catch_up.follow_heartbeat(now=now - timedelta(hours=3))
    late = factories.integration()
    HealthCheck.objects.filter(integration=late).update(next_check_at=now - timedelta(hours=2))
    factories.notification(state="dead", is_collecting=False)
    factories.notice()

    shown = tiles(staff)

    assert {name: tile.tone for name, tile in shown.items() if tile.tone != "healthy"} == {
        "Schedule": "unhealthy",
        "Lag": "unhealthy",
        "Dead messages": "unhealthy",
        "Notices to staff": "unhealthy",
    }
    assert shown["Lag"].value == "2 h"
    assert shown["Schedule"].value == "3 h ago"
    assert shown["Dead messages"].value == "1"


@pytest.mark.usefixtures("redis")
def test_what_waits_in_the_queues_is_counted(staff: Client, redis: Redis) -> None:
    redis.rpush("checks", "one", "two")

    assert staff.get(PAGE).context["queues"] == {
        "checks": 2,
        "notifications": 0,
        "maintenance": 0,
    }


def test_that_redis_is_away_is_said(staff: Client, settings: Any) -> None:
    settings.BROKER_URL = "redis://:a-password@127.0.0.1:1/0"

    answer = staff.get(PAGE)

    assert answer.status_code == 200
    assert queues.depths() is None
    assert "Redis does not answer" in answer.content.decode()
    assert "a-password" not in answer.content.decode()


@pytest.mark.usefixtures("redis")
def test_what_waits_to_be_recorded_is_said(staff: Client) -> None:
    keep_one(factories.integration())

    tile = tiles(staff)["Results to be recorded"]

    assert (tile.value, tile.tone) == ("1 batch", "degraded")


def test_each_provider_is_late_by_its_oldest_check(now: datetime) -> None:
    for provider, minutes in (("composio", 3), ("composio", 9), ("klavis", 1), ("mcp", -5)):
        factories.integration(provider=provider, next_check_at=now - timedelta(minutes=minutes))
    being_checked = factories.integration(provider="klavis", next_check_at=now - timedelta(hours=1))
    claim(being_checked, now=now)

    found = {pace.provider: pace for pace in watchdog.paces(now=now)}

    assert {name: pace.overdue for name, pace in found.items()} == {
        "composio": 2,
        "klavis": 1,
        "mcp": 0,
    }
    assert found["composio"].lag(now) == timedelta(minutes=9)
    assert found["mcp"].lag(now) == timedelta()


@pytest.mark.usefixtures("redis")
def test_a_provider_is_blocked_until_an_instant_that_is_not_over(staff: Client) -> None:
    now = timezone.now()
    for provider, hours in (("composio", 1), ("klavis", -1)):
        factories.budget(provider=provider, blocked_until=now + timedelta(hours=hours))

    paces = staff.get(PAGE).context["paces"]

    assert {pace.provider: until for pace, _, until in paces if until is not None} == {
        "composio": now + timedelta(hours=1)
    }


def test_how_soon_people_are_told_is_measured_over_a_day(now: datetime) -> None:
    for seconds in (30, 40, 50, 60, 200):
        opened_at = now - timedelta(hours=1)
        factories.alert(created_at=opened_at, sent_at=opened_at + timedelta(seconds=seconds))
    factories.alert(created_at=now - timedelta(hours=1))  # held back: nobody was told
    old = now - timedelta(hours=25)
    factories.alert(created_at=old, sent_at=old + timedelta(hours=1))

    found = telling.promptness(now=now)

    assert (found.count, found.p50) == (5, timedelta(seconds=50))
    assert found.p95 == timedelta(seconds=172)


def test_a_notice_that_was_sent_is_told() -> None:
    heard, unheard = factories.notice(), factories.notice()
    factories.notice(closed_at=timezone.now() + timedelta(minutes=1))
    for notice, state in ((heard, "sent"), (unheard, "pending")):
        message = factories.notification(state=state, sent_at=timezone.now(), is_collecting=False)
        message.items.create(notice=notice, event="opened", recipient=message.recipient)

    assert telling.unheard() == telling.Unheard(open=2, untold=1)


@pytest.mark.usefixtures("redis")
def test_it_costs_the_same_however_much_there_is(staff: Client) -> None:
    costs = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            staff.get(PAGE)
        costs.append(len(queries))
        for _ in range(5):
            factories.notification(state="dead", is_collecting=False)
            factories.notice()
            factories.integration()

    assert costs[0] == costs[1]


def test_nothing_is_read_but_by_an_index(staff: Client) -> None:
    factories.notification()
    execute("SET LOCAL enable_seqscan = off")  # few rows are always scanned
    with CaptureQueriesContext(connection) as queries:
        watchdog.paces()
        telling.backlogs()
        telling.promptness()

    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        # What workers hold right now is a row for each of them.
        assert "Seq Scan" not in plan.replace("Seq Scan on claimed_batches", ""), plan
