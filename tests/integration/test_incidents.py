"""A provider or a service that fails for many has an incident, until it works again."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from integrations_health import incidents
from integrations_health.models import HealthCheck, OutageStreak, ProviderIncident
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE
from tests.conftest import NOW
from tests.outages import TICK, crowd, due_at, look, open_now, vote

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

AT = NOW + timedelta(seconds=5)
SECOND = timedelta(seconds=1)


def test_the_second_look_that_sees_half_fail_opens_one() -> None:
    vote(crowd(10), bad=5, at=NOW)

    look(AT)
    after_one = open_now()
    look(AT + TICK)

    assert after_one == set()
    incident = ProviderIncident.objects.get()
    assert (incident.provider, incident.service, incident.cause) == ("composio", "", "provider")
    assert incident.is_detected
    assert (incident.opened_at, incident.affected_users) == (AT + TICK, 10)


def test_less_than_half_opens_none() -> None:
    vote(crowd(10), bad=4, at=NOW)

    look(AT, times=2)

    assert open_now() == set()


def test_fewer_than_five_open_none() -> None:
    vote(crowd(4), bad=4, at=NOW)

    look(AT, times=2)

    assert open_now() == set()


def test_shares_that_alternate_around_a_half_open_none_and_keep_an_open_one() -> None:
    many, at = crowd(20), NOW

    for bad in (9, 11, 9, 11, 9, 11):
        vote(many, bad=bad, at=at)
        look(at)
        at += TICK
    assert open_now() == set()
    vote(many, bad=11, at=at)
    at = look(at)
    for bad in (9, 11, 9, 11):
        vote(many, bad=bad, at=at)
        look(at)
        at += TICK

    assert open_now() == {("composio", "")}
    assert ProviderIncident.objects.count() == 1


def test_the_third_look_that_sees_nine_of_ten_work_closes_it() -> None:
    many = crowd(10)
    vote(many, bad=10, at=NOW)
    at = look(AT, times=2)
    vote(many, bad=1, at=at)

    at = look(at, times=2)
    after_two = open_now()
    look(at)

    assert after_two == {("composio", "")}
    assert ProviderIncident.objects.get().closed_at == at


@pytest.mark.parametrize(("left", "bad", "is_open"), [(4, 0, False), (4, 1, True), (0, 0, False)])
def test_of_too_few_to_begin_one_an_incident_ends_when_none_of_them_fails(
    left: int, bad: int, is_open: bool
) -> None:
    many = crowd(5)
    vote(many, bad=5, at=NOW)
    at = look(AT, times=2)
    for one in many[left:]:
        one.enabled = False
        one.save()
    vote(many[:left], bad=bad, at=at)

    look(at, times=3)

    assert (open_now() == {("composio", "")}) is is_open


def test_a_clock_that_was_set_back_blinds_nobody() -> None:
    assert incidents.follow(now=AT + 120 * MINUTE)

    vote(crowd(5), bad=5, at=NOW)
    look(AT, times=2)

    assert open_now() == {("composio", "")}


def test_a_service_that_fails_through_several_providers_has_one_incident() -> None:
    for provider in ("composio", "klavis"):
        vote(crowd(10, provider=provider), bad=10, at=NOW)
        vote(crowd(5, provider=provider, service="slack"), at=NOW)

    look(AT, times=2)

    assert open_now() == {("", "gmail")}
    assert ProviderIncident.objects.get().cause == "service"


def test_a_service_that_its_provider_blames_has_the_incident() -> None:
    vote(crowd(10), bad=10, outcome=Outcome.SERVICE_ERROR, at=NOW)
    vote(crowd(5, service="slack"), at=NOW)

    look(AT, times=2)

    assert open_now() == {("", "gmail")}


def test_what_an_open_incident_explains_opens_no_other() -> None:
    factories.incident(provider="composio", opened_at=NOW)
    vote(crowd(10), bad=10, at=NOW)
    vote(crowd(10, service="slack"), at=NOW)

    look(AT, times=3)

    assert ProviderIncident.objects.count() == 1


def test_what_somebody_opened_is_not_closed_by_us_and_lets_nobody_wait() -> None:
    factories.incident(provider="composio", opened_at=NOW)
    many = crowd(30)
    vote(many, at=NOW)
    due = [due_at(one) for one in many]

    look(AT, times=4)

    assert open_now() == {("composio", "")}
    assert [due_at(one) for one in many] == due


def test_what_somebody_closed_takes_two_more_looks_to_open_again() -> None:
    vote(crowd(10), bad=10, at=NOW)
    at = look(AT, times=2)
    ProviderIncident.objects.update(closed_at=at)

    at = look(at)
    after_one = open_now()
    look(at)

    assert after_one == set()
    assert open_now() == {("composio", "")}


def test_a_few_that_fail_while_none_works_have_twenty_others_asked_once_in_two_minutes() -> None:
    many = crowd(60)
    HealthCheck.objects.update(next_check_at=NOW + 5 * MINUTE)
    vote(many[:3], bad=3, at=NOW)

    look(AT)

    asked = HealthCheck.objects.filter(next_check_at=AT)
    assert asked.count() == 20
    assert not asked.filter(integration__in=many[:3]).exists()
    asked.update(next_check_at=NOW + 9 * MINUTE)
    look(AT + TICK)
    assert not HealthCheck.objects.filter(next_check_at=AT + TICK).exists()


def test_a_few_are_not_enough_while_somebody_works() -> None:
    many = crowd(60)
    HealthCheck.objects.update(next_check_at=NOW + 5 * MINUTE)
    vote(many[:4], bad=3, at=NOW)

    look(AT)

    assert not HealthCheck.objects.filter(next_check_at=AT).exists()


def test_when_nobody_can_be_reached_no_incident_opens(settings: Any) -> None:
    settings.EGRESS_CANARY_URLS = ["http://127.0.0.1:1"]
    vote(crowd(10), bad=10, outcome=Outcome.UNREACHABLE, at=NOW)
    vote(crowd(10, provider="klavis"), bad=10, outcome=Outcome.TIMEOUT, at=NOW)

    look(AT, times=3)

    assert ProviderIncident.objects.count() == OutageStreak.objects.count() == 0


def test_who_does_not_answer_is_blamed_when_somebody_else_does() -> None:
    vote(crowd(10), bad=10, outcome=Outcome.UNREACHABLE, at=NOW)
    vote(crowd(10, provider="klavis"), at=NOW)

    look(AT, times=2)

    assert open_now() == {("composio", "")}


def test_of_five_beats_one_look_counts() -> None:
    vote(crowd(10), bad=10, at=NOW)

    counted = [incidents.follow(now=AT + beat * SECOND) for beat in range(5)]

    assert counted == [True, False, False, False, False]
    assert open_now() == set()


@pytest.mark.django_db(transaction=True)
def test_beats_in_the_same_instant_are_one_look() -> None:
    vote(crowd(10), bad=10, at=NOW)
    start, counted = Barrier(5), []

    def beat(number: int) -> None:
        try:
            start.wait()
            counted.append(incidents.follow(now=AT + number * TICK))
        finally:
            connection.close()

    for number in (0, 1, 2):
        beats = [Thread(target=beat, args=[number]) for _ in range(5)]
        for thread in beats:
            thread.start()
        for thread in beats:
            thread.join()

    assert sorted(counted) == [False] * 12 + [True] * 3
    assert ProviderIncident.objects.count() == 1
