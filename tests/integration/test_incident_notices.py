"""Staff hear once of an incident that we detected, and once that it is over."""

from datetime import timedelta

import pytest

from alerts import notices
from alerts.models import StaffNotice
from integrations_health.models import ProviderIncident
from tests import factories
from tests.admin_pages import url
from tests.alarms import told
from tests.conftest import NOW
from tests.roles import browser_of, member

pytestmark = pytest.mark.django_db

TICK = timedelta(seconds=30)


@pytest.fixture
def desk() -> str:
    return f"destination:{factories.destination(is_for_staff=True).pk}"


@pytest.fixture
def incident() -> ProviderIncident:
    return factories.incident(
        provider="composio", service="gmail", affected_users=1_412, opened_at=NOW, is_detected=True
    )


def follow(*, ticks: int) -> None:
    for tick in range(ticks):
        notices.follow_incidents(now=NOW + tick * TICK)


def test_an_incident_is_told_once_and_so_is_its_end(desk: str, incident: ProviderIncident) -> None:
    follow(ticks=10)
    opened = told()
    ProviderIncident.objects.update(closed_at=NOW + 4 * TICK)
    follow(ticks=10)

    assert opened == [("opened", desk)]
    assert told() == [("opened", desk), ("recovered", desk)]
    notice = StaffNotice.objects.get()
    assert notice.message == (
        "Gmail through Composio is failing for 1,412 users: "
        "their alerts about it wait until it is over."
    )
    assert notice.closed_at is not None


def test_what_became_part_of_a_wider_one_is_over_for_staff_when_that_is(
    desk: str, incident: ProviderIncident
) -> None:
    follow(ticks=1)
    wider = factories.incident(opened_at=NOW, is_detected=True)
    ProviderIncident.objects.filter(pk=incident.pk).update(closed_at=NOW, continued_by=wider)
    follow(ticks=2)
    while_it_lasts = told()
    ProviderIncident.objects.filter(pk=wider.pk).update(closed_at=NOW)
    follow(ticks=2)

    assert while_it_lasts == [("opened", desk)] * 2
    assert told() == [("opened", desk)] * 2 + [("recovered", desk)] * 2


def test_what_goes_on_alone_when_the_wider_one_is_over_is_not_told_again(
    desk: str, incident: ProviderIncident
) -> None:
    follow(ticks=1)
    ProviderIncident.objects.update(closed_at=NOW)
    rest = factories.incident(service="gmail", opened_at=NOW, is_detected=True)
    ProviderIncident.objects.filter(pk=incident.pk).update(continued_by=rest)
    follow(ticks=2)
    while_it_lasts = told()
    ProviderIncident.objects.filter(pk=rest.pk).update(closed_at=NOW)
    follow(ticks=2)

    assert while_it_lasts == [("opened", desk)]
    assert told() == [("opened", desk), ("recovered", desk)]


@pytest.mark.usefixtures("incident")
def test_a_notice_that_is_closed_by_hand_is_not_opened_again(desk: str) -> None:
    follow(ticks=1)
    StaffNotice.objects.update(closed_at=NOW)

    follow(ticks=5)

    assert told() == [("opened", desk)]
    assert StaffNotice.objects.count() == 1


def test_what_staff_opened_themselves_is_not_told_to_them(desk: str) -> None:
    factories.incident(opened_at=NOW)

    follow(ticks=3)

    assert told() == []


def test_the_notice_leads_to_the_incident(desk: str, incident: ProviderIncident) -> None:
    follow(ticks=1)

    page = browser_of(member("operator")).get(url(StaffNotice, "changelist")).content.decode()

    assert url(ProviderIncident, "change", incident.pk) in page
