"""Nobody is asked to connect again while so many fail at once that it is hardly each owner's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations_health import reauth_offers
from integrations_health.models import HealthCheck, Integration
from integrations_health.outcomes import Outcome
from integrations_health.overlay import OpenIncidents
from integrations_health.reauth_offers import Offers
from integrations_health.reauth_rules import Call
from tests import factories
from tests.reconnecting import dead

pytestmark = pytest.mark.django_db


def call(of: Integration) -> Call:
    return Offers(OpenIncidents.read()).of(HealthCheck.objects.get(integration=of))


def lately(count: int, **fields: Any) -> None:
    """Check so many integrations of other people just now."""
    for _ in range(count):
        factories.integration(**{"status": "healthy", "last_check_at": datetime.now(UTC)} | fields)


def died(count: int, **fields: Any) -> None:
    for _ in range(count):
        dead(**{"last_check_at": datetime.now(UTC)} | fields)


def refused(count: int, **fields: Any) -> None:
    lately(count, metadata={"outcome": Outcome.KEY_REJECTED.value}, **fields)


def test_one_whose_grant_died_is_asked() -> None:
    watched = dead()
    lately(3)

    assert call(watched) is Call.OFFERED
    assert Offers(OpenIncidents.read()).url(watched.pk, watched.health) == (
        f"http://127.0.0.1:8000/integrations/{watched.pk}/reconnect/"
    )


def test_a_third_of_a_provider_dying_at_once_is_nobodys_own() -> None:
    watched = dead()
    lately(11)
    died(5)

    assert call(watched) is Call.ON_HOLD


def test_fewer_than_a_third_are_asked() -> None:
    watched = dead()
    lately(12)
    died(5)

    assert call(watched) is Call.OFFERED


def test_what_died_long_ago_is_no_storm() -> None:
    watched = dead()
    lately(3)
    died(5, last_check_at=datetime.now(UTC) - timedelta(minutes=7))

    assert call(watched) is Call.OFFERED


def test_what_died_together_is_a_storm_until_it_was_looked_at_again() -> None:
    now = datetime.now(UTC)
    watched = dead()
    lately(11)
    # Its third look was a while ago, and its fourth is still to come.
    at = {"last_check_at": now - timedelta(minutes=30), "status_since": now - timedelta(minutes=50)}
    died(5, **at)

    assert call(watched) is Call.ON_HOLD


def test_what_died_together_is_no_storm_among_many_that_are_seldom_looked_at() -> None:
    now = datetime.now(UTC)
    watched = dead()
    lately(12, last_check_at=now - timedelta(minutes=40))
    died(5, last_check_at=now - timedelta(minutes=30), status_since=now - timedelta(minutes=50))

    assert call(watched) is Call.OFFERED


def test_who_is_looked_at_once_an_hour_counts_all_the_while() -> None:
    now = datetime.now(UTC)
    watched = dead()
    looked_at = now - timedelta(minutes=50)
    lately(11, last_check_at=looked_at)
    # At its third look; the first was two hours before.
    since = looked_at - timedelta(hours=2)
    died(5, last_check_at=looked_at, status_since=since, consecutive_failures=3)

    assert call(watched) is Call.ON_HOLD


def test_among_many_that_are_looked_at_once_an_hour_a_few_are_no_storm() -> None:
    watched = dead()
    now = datetime.now(UTC)
    lately(12, last_check_at=now - timedelta(minutes=55))
    died(5, last_check_at=now - timedelta(minutes=10), status_since=now - timedelta(minutes=10))

    assert call(watched) is Call.OFFERED


def test_who_no_longer_is_a_third_by_the_newest_looks_is_asked() -> None:
    watched = dead()
    refused(2, last_check_at=datetime.now(UTC) - timedelta(minutes=20))
    lately(1)

    assert call(watched) is Call.OFFERED


def test_a_key_that_was_refused_is_so_until_somebody_is_looked_at_again() -> None:
    watched = dead()
    refused(2, last_check_at=datetime.now(UTC) - timedelta(minutes=20))

    assert call(watched) is Call.ON_HOLD


def test_a_storm_of_one_provider_is_not_that_of_another() -> None:
    here, there = dead(), dead(provider="klavis")
    died(5, provider="klavis")
    lately(1)

    assert (call(here), call(there)) == (Call.OFFERED, Call.ON_HOLD)


def test_while_our_own_key_is_refused_nobody_is_asked() -> None:
    watched = dead()
    refused(2)

    assert call(watched) is Call.ON_HOLD


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        ({}, Call.ON_HOLD),
        ({"service": "gmail"}, Call.ON_HOLD),
        ({"provider": "", "service": "gmail"}, Call.ON_HOLD),
        ({"service": "slack"}, Call.OFFERED),
        ({"provider": "klavis"}, Call.OFFERED),
        ({"closed_at": datetime(2040, 1, 1, tzinfo=UTC)}, Call.OFFERED),
    ],
)
def test_while_an_incident_is_open_nobody_whom_it_concerns_is_asked(
    incident: dict[str, Any], said: Call
) -> None:
    watched = dead()
    factories.incident(**incident)

    assert call(watched) is said


def test_it_costs_one_query_however_many_ask_and_none_while_nobody_needs_it() -> None:
    died(3)
    lately(20)
    incidents = OpenIncidents.read()
    rows = list(HealthCheck.objects.all())

    with CaptureQueriesContext(connection) as asked:
        calls = [Offers(incidents).of(row) for row in rows]
    reauth_offers.storms.forget()
    with CaptureQueriesContext(connection) as calm:
        for row in rows:
            if row.status == "healthy":
                Offers(incidents).of(row)

    assert calls.count(Call.OFFERED) == 3
    assert (len(asked), len(calm)) == (1, 0)
