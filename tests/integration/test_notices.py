"""Our own faults are told to staff, once per provider, and to nobody else."""

from datetime import timedelta
from typing import Any

import pytest

from alerts import notices
from alerts.models import Alert, Notification, NotificationItem, StaffNotice
from integrations_health.models import User
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, check, told
from tests.conftest import NOW
from tests.statements import counted_statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

HOUR = timedelta(hours=1)


def test_a_refused_key_is_one_notice_however_many_integrations_see_it() -> None:
    somebody = factories.staff()
    factories.rule(threshold=1)
    many = [factories.integration(status="healthy") for _ in range(20)]

    for minutes in range(3):
        check(*many, outcome=Outcome.KEY_REJECTED, at=NOW + minutes * 2 * MINUTE)

    (notice,) = StaffNotice.objects.all()
    assert (notice.kind, notice.subject) == ("key_rejected", "composio")
    assert notice.message == (
        "Composio refuses our key: nothing there can be checked. No user was told."
    )
    assert (notice.opened_at, notice.last_seen_at) == (NOW, NOW + 4 * MINUTE)
    assert told() == [("opened", f"user:{somebody.pk}")]
    assert not Alert.objects.exists()


def test_who_comes_later_is_told_of_what_nobody_was_told_of() -> None:
    broken = factories.integration()
    check(broken, outcome=Outcome.KEY_REJECTED)
    desk = factories.destination(is_for_staff=True)

    for minutes in (2, 4):
        check(broken, outcome=Outcome.KEY_REJECTED, at=NOW + minutes * MINUTE)

    assert told() == [("opened", f"destination:{desk.pk}")]
    assert Notification.objects.count() == 1


def test_our_own_checks_that_go_on_failing_are_told_and_a_moment_is_not() -> None:
    somebody = factories.staff()
    broken = factories.integration(status="healthy")

    for minutes in (0, 1.5):
        check(broken, outcome=Outcome.INTERNAL_ERROR, at=NOW + minutes * MINUTE)
    assert told() == []
    for minutes in (3, 4.5):
        check(broken, outcome=Outcome.INTERNAL_ERROR, at=NOW + minutes * MINUTE)

    (notice,) = StaffNotice.objects.all()
    assert (notice.kind, notice.subject, notice.opened_at) == ("checks_fail", "composio", NOW)
    assert told() == [("opened", f"user:{somebody.pk}")]


def test_every_provider_and_every_fault_has_a_notice_of_its_own() -> None:
    one, other = factories.integration(), factories.integration(provider="klavis")

    check(one, other, outcome=Outcome.KEY_REJECTED)
    check(one, outcome=Outcome.PROBE_MISCONFIGURED, at=NOW + MINUTE)

    assert set(StaffNotice.objects.values_list("kind", "subject")) == {
        ("key_rejected", "composio"),
        ("key_rejected", "klavis"),
        ("probe_misconfigured", "composio"),
    }


def test_destinations_for_staff_hear_it_instead_of_every_mailbox() -> None:
    factories.staff()
    desk = factories.destination(kind="slack", is_for_staff=True)
    factories.destination(kind="slack", is_for_staff=True, enabled=False)
    factories.destination(kind="slack")

    check(factories.integration(), outcome=Outcome.KEY_REJECTED)

    assert told() == [("opened", f"destination:{desk.pk}")]


def test_a_notice_about_a_destination_goes_to_the_others() -> None:
    dead, desk = (factories.destination(is_for_staff=True) for _ in range(2))

    notices.open_notice(
        StaffNotice.Kind.DESTINATION_DISABLED,
        str(dead.pk),
        "It is gone.",
        now=NOW,
        besides=dead.pk,
    )

    assert told() == [("opened", f"destination:{desk.pk}")]


def test_staff_who_left_or_have_no_address_are_not_written_to() -> None:
    factories.staff(is_active=False)
    factories.staff(email="")
    factories.user()

    check(factories.integration(), outcome=Outcome.KEY_REJECTED)

    assert told() == []
    assert StaffNotice.objects.count() == 1


def test_a_fault_that_is_over_is_closed_and_told_so() -> None:
    factories.staff()
    check(factories.integration(), outcome=Outcome.KEY_REJECTED)

    notices.close_stale(now=NOW + HOUR)
    assert StaffNotice.objects.get().closed_at is None
    notices.close_stale(now=NOW + 2 * HOUR)
    notices.close_stale(now=NOW + 3 * HOUR)

    assert StaffNotice.objects.get().closed_at == NOW + 2 * HOUR
    assert [event for event, _ in told()] == ["opened", "recovered"]


@pytest.mark.parametrize("lacking", [{"email": ""}, {"is_active": False}])
def test_staff_who_left_meanwhile_hear_of_no_end(lacking: dict[str, Any]) -> None:
    factories.staff()
    check(factories.integration(), outcome=Outcome.KEY_REJECTED)
    User.objects.filter(is_staff=True).update(**lacking)

    notices.close_stale(now=NOW + 2 * HOUR)

    assert StaffNotice.objects.get().closed_at == NOW + 2 * HOUR
    assert [event for event, _ in told()] == ["opened"]


def test_a_notice_that_only_a_person_can_close_stays() -> None:
    factories.notice(kind="destination_disabled", opened_at=NOW, last_seen_at=NOW)

    notices.close_stale(now=NOW + 99 * HOUR)

    assert StaffNotice.objects.get().closed_at is None


def test_a_notice_closes_though_the_clock_was_set_back() -> None:
    notice = factories.notice(opened_at=NOW + HOUR, last_seen_at=NOW - 2 * HOUR)
    by_hand = factories.notice(opened_at=NOW + HOUR)

    notices.close_stale(now=NOW)
    notices.close([by_hand.pk], now=NOW)

    closed = StaffNotice.objects.filter(closed_at=NOW + HOUR)
    assert set(closed) == {notice, by_hand}


def test_a_fault_that_comes_back_is_a_new_notice() -> None:
    factories.staff()
    integration = factories.integration()
    check(integration, outcome=Outcome.KEY_REJECTED)
    notices.close_stale(now=NOW + 2 * HOUR)

    check(integration, outcome=Outcome.KEY_REJECTED, at=NOW + 3 * HOUR)

    assert StaffNotice.objects.count() == 2
    assert NotificationItem.objects.filter(event="opened").count() == 2


@pytest.mark.parametrize("size", [1, 50])
def test_a_notice_costs_the_same_number_of_statements_whatever_the_batch(size: int) -> None:
    many = [factories.integration() for _ in range(size)]
    check(*many, outcome=Outcome.KEY_REJECTED)

    with counted_statements() as sent:
        check(*many, outcome=Outcome.KEY_REJECTED, at=NOW + MINUTE)

    # four for each claim; then record: savepoint, lock, update, copy, the count for Prometheus, a
    # look at alerts, which providers, the notice, release
    assert len(sent) == 4 * size + 9
