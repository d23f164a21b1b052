"""When many grants die at once, or our own key does, no owner is asked to reconnect."""

from datetime import UTC, datetime

import pytest

from alerts import delivery
from alerts.models import Alert, NotificationItem, StaffNotice
from integrations_health.models import Integration, ReauthRequest
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, check, fail, last_reason, look_again, told
from tests.conftest import NOW
from tests.receivers import MailReceiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rule(no_rules: None) -> None:
    factories.rule(threshold=3)


def many(count: int, **fields: object) -> list[Integration]:
    return [factories.integration(status="healthy", **fields) for _ in range(count)]


def test_a_storm_of_dead_grants_asks_nobody_and_swallows_nothing(
    mail_server: MailReceiver,
) -> None:
    dying = many(6)
    fail(*dying, outcome=Outcome.AUTH_EXPIRED)

    assert told() == []
    assert set(Alert.objects.values_list("held_back", flat=True)) == {"many_at_once"}
    assert last_reason().startswith("Not sent: Too many connections fail at once")

    # Others work: it was these people's own after all.
    check(*many(15), at=NOW + MINUTE)
    look_again(at=NOW + 2 * MINUTE)
    delivery.run("email", now=NOW + 4 * MINUTE)

    assert len(told()) == len(mail_server.mails) == ReauthRequest.objects.count() == 6


def test_nobody_is_asked_while_all_that_died_waits_for_its_next_look() -> None:
    dying, now = many(6), datetime.now(UTC)
    for minutes in (36, 35, 15):
        check(*dying, outcome=Outcome.AUTH_EXPIRED, at=now - minutes * MINUTE)

    look_again(at=now)

    assert told() == []
    assert set(Alert.objects.values_list("held_back", flat=True)) == {"many_at_once"}


def test_who_is_looked_at_once_an_hour_is_asked_when_still_dead_at_the_fourth_look() -> None:
    dying, now = many(6, interval_seconds=3600), datetime.now(UTC)
    for minutes in (170, 110, 50):
        check(*dying, outcome=Outcome.AUTH_EXPIRED, at=now - minutes * MINUTE)

    look_again(at=now)

    assert told() == []
    assert set(Alert.objects.values_list("held_back", flat=True)) == {"many_at_once"}

    check(*dying, outcome=Outcome.AUTH_EXPIRED, at=now - 10 * MINUTE)
    look_again(at=now)

    assert len(told()) == 6


def test_all_that_one_person_connected_is_no_storm() -> None:
    person = factories.user()

    fail(*many(6, user=person), outcome=Outcome.AUTH_EXPIRED)

    assert told() == [("opened", f"user:{person.pk}")] * 6


def test_staff_hear_of_a_storm_at_once() -> None:
    desk = factories.destination()
    factories.rule(threshold=3, destination=desk)

    fail(*many(6), outcome=Outcome.AUTH_EXPIRED)

    assert told() == [("opened", f"destination:{desk.pk}")] * 6


def test_when_our_key_dies_one_notice_goes_to_staff_and_nobody_is_asked(
    mail_server: MailReceiver,
) -> None:
    somebody = factories.staff()
    everybody = many(6)
    before = factories.integration(status="healthy")
    fail(before, outcome=Outcome.AUTH_EXPIRED, times=2)
    fail(*everybody, before, outcome=Outcome.KEY_REJECTED)
    # It had died just before; the third sign comes when the key is taken again by a part of them.
    check(*everybody, outcome=Outcome.KEY_REJECTED, at=NOW + MINUTE)
    check(before, outcome=Outcome.AUTH_EXPIRED, at=NOW + MINUTE)

    delivery.run("email", now=NOW + 4 * MINUTE)

    assert told() == [("opened", f"user:{somebody.pk}")]
    assert [to for to, _ in mail_server.mails] == [[somebody.email]]
    assert StaffNotice.objects.get().kind == "key_rejected"
    assert Alert.objects.get().held_back == "many_at_once"
    assert not ReauthRequest.objects.exists()
    assert not NotificationItem.objects.exclude(alert=None).exists()
