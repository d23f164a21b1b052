"""An alert knows since when it is so, which is before anybody noticed."""

from datetime import timedelta

import pytest
from django.test import Client

from alerts import delivery, lifecycle, sight
from alerts.models import Alert
from integrations_health.models import Integration
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, fail
from tests.conftest import NOW
from tests.receivers import MailReceiver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


@pytest.fixture
def watched() -> Integration:
    factories.rule()
    return factories.integration(status="healthy")


def test_it_is_so_since_the_first_failure_in_a_row(watched: Integration) -> None:
    check(watched, at=NOW - 9 * MINUTE)
    fail(watched, times=5)

    assert (alert().began_at, alert().created_at) == (NOW - 4 * MINUTE, NOW - 2 * MINUTE)
    assert alert().since == NOW - 4 * MINUTE


def test_what_says_nothing_neither_begins_nor_ends_it(watched: Integration) -> None:
    check(watched, at=NOW - 9 * MINUTE)
    check(watched, outcome=Outcome.KEY_REJECTED, at=NOW - 8 * MINUTE)
    fail(watched, times=1, at=NOW - 7 * MINUTE)
    check(watched, outcome=Outcome.RATE_LIMITED, at=NOW - 6 * MINUTE)
    fail(watched, times=2)

    assert alert().since == NOW - 7 * MINUTE


def test_what_stays_bad_after_it_was_resolved_by_hand_did_not_begin_anew(
    watched: Integration,
) -> None:
    fail(watched)
    lifecycle.resolve([alert().pk], by=factories.staff(), now=NOW + MINUTE)

    fail(watched, times=1, at=NOW + 5 * MINUTE)

    assert Alert.objects.get(resolved_at=None).since == NOW - 2 * MINUTE


def test_where_nothing_is_known_it_is_so_since_it_opened(watched: Integration) -> None:
    slow = factories.rule(condition="response_time", threshold=100)

    check(watched, at=NOW, took=150)

    made = Alert.objects.get(rule=slow)
    assert (made.began_at, made.since) == (None, made.created_at)


def test_people_are_told_since_when_and_for_how_long_it_was_so(
    watched: Integration, mail_server: MailReceiver
) -> None:
    fail(watched, times=3)
    delivery.run("email", now=NOW + MINUTE)
    check(watched, at=NOW + 28 * MINUTE)
    delivery.run("email", now=NOW + 29 * MINUTE)

    (_, alarm), (_, all_clear) = mail_server.mails
    assert "Since Fri 14 Mar 2031, 09:24 (UTC)." in str(alarm)
    assert all_clear["Subject"] == "Gmail via Composio works again, after 30 min"
    assert Alert.objects.get(alert_type="recovered").message.endswith("after 30 min.")


def test_pages_and_the_api_say_it(staff: Client, watched: Integration) -> None:
    fail(watched, times=3)

    page = staff.get(f"/admin/alerts/alert/{alert().pk}/change/").content.decode()
    listed = staff.get("/admin/alerts/alert/").context["groups"][0]

    assert "2031-03-14 09:24:53 UTC" in page
    assert listed.since.at == NOW - 2 * MINUTE


def test_a_batch_is_asked_once_and_of_nobody_where_nothing_opens() -> None:
    assert sight.began([], now=NOW) == {}
    ids = [factories.integration().pk for _ in range(3)]
    assert sight.began(ids, now=NOW) == {}


def test_a_week_is_looked_back() -> None:
    watched = factories.integration()
    for days in (1, 6, 8):
        at = NOW - timedelta(days=days)
        factories.history(watched, checked_at=at, outcome="timeout", status="unhealthy")

    assert sight.began([watched.pk], now=NOW) == {watched.pk: NOW - timedelta(days=6)}
