"""While an incident that we detected is open, most checks wait; when it is over, they are due."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations_health import waiting
from integrations_health.models import HealthCheck, Integration, ProviderIncident
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, check
from tests.conftest import NOW
from tests.outages import crowd, due_at
from tests.results import claim

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]


@pytest.fixture
def incident() -> ProviderIncident:
    return factories.incident(provider="composio", opened_at=NOW, is_detected=True)


def failing(count: int, **fields: Any) -> list[Integration]:
    """Make integrations that have just failed once, and are due again."""
    many = crowd(count, **fields)
    check(*many, outcome=Outcome.SERVER_ERROR, at=NOW)
    HealthCheck.objects.update(next_check_at=NOW)
    return many


def due() -> list[datetime]:
    return sorted(HealthCheck.objects.values_list("next_check_at", flat=True))


def test_all_but_those_that_go_on_wait_spread_out_and_no_failure_is_counted(
    incident: ProviderIncident,
) -> None:
    failing(40)

    waiting.hold(incident, probing=10, now=NOW)

    assert due()[:10] == [NOW] * 10
    assert due()[10] >= NOW + 10 * MINUTE
    assert due()[-1] <= NOW + 15 * MINUTE
    assert len(set(due()[10:])) == 30
    assert set(HealthCheck.objects.values_list("consecutive_failures", flat=True)) == {1}


def test_the_same_go_on_at_each_look_however_far_up_the_ladder_they_are(
    incident: ProviderIncident,
) -> None:
    many = failing(40)
    waiting.hold(incident, probing=10, now=NOW)
    going_on = {one.pk for one in many if due_at(one) == NOW}
    HealthCheck.objects.filter(next_check_at=NOW).update(next_check_at=NOW + 60 * MINUTE)

    waiting.hold(incident, probing=10, now=NOW + MINUTE)

    soon = HealthCheck.objects.filter(next_check_at=NOW + waiting.PROBE_EVERY)
    assert set(soon.values_list("integration_id", flat=True)) == going_on


def test_another_incident_is_followed_by_others() -> None:
    def going_on() -> set[object]:
        incident = factories.incident(provider="composio", opened_at=NOW, is_detected=True)
        HealthCheck.objects.update(next_check_at=NOW)
        waiting.hold(incident, probing=10, now=NOW)
        ProviderIncident.objects.update(closed_at=NOW)
        return set(
            HealthCheck.objects.filter(next_check_at=NOW).values_list("integration_id", flat=True)
        )

    failing(200)

    assert going_on() != going_on()


def test_who_was_down_long_before_is_not_among_those_that_go_on(
    incident: ProviderIncident,
) -> None:
    old, _ = failing(20), failing(20)
    HealthCheck.objects.filter(integration__in=old).update(
        status="unhealthy", status_since=NOW - 60 * MINUTE
    )

    waiting.hold(incident, probing=20, now=NOW)

    assert all(due_at(one) > NOW for one in old)


def test_what_somebody_asked_for_or_was_never_checked_does_not_wait(
    incident: ProviderIncident,
) -> None:
    asked, suspected, *_ = failing(4)
    new = factories.integration(next_check_at=NOW)
    HealthCheck.objects.filter(integration=asked).update(slot_at=None)
    HealthCheck.objects.filter(integration=suspected).update(suspected_at=NOW)

    waiting.hold(incident, probing=0, now=NOW)

    assert [due_at(one) for one in (asked, suspected, new)] == [NOW] * 3
    assert due()[3] > NOW


def test_who_has_nothing_to_do_with_it_does_not_wait(incident: ProviderIncident) -> None:
    other = failing(3, provider="klavis")

    waiting.hold(incident, probing=0, now=NOW)

    assert [due_at(one) for one in other] == [NOW] * 3


def test_what_is_being_checked_is_left_alone(incident: ProviderIncident) -> None:
    (one,) = failing(1)
    claim(one, now=NOW)
    before = due_at(one)

    waiting.hold(incident, probing=0, now=NOW)

    assert due_at(one) == before


@pytest.mark.parametrize("chunk", [7, 5_000])
def test_when_it_is_over_all_are_due_spread_as_the_limit_allows(
    incident: ProviderIncident, settings: Any, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    settings.CATCH_UP_PER_SECOND = 2
    settings.PROVIDERS["composio"]["calls_per_minute"] = 0
    monkeypatch.setattr(waiting, "CHUNK", chunk)
    failing(40)
    waiting.hold(incident, probing=10, now=NOW)
    incident.refresh_from_db()
    HealthCheck.objects.update(next_check_at=NOW + 50 * MINUTE)
    over = NOW + 5 * MINUTE
    ProviderIncident.objects.update(closed_at=over)

    waiting.end(now=over)

    assert incident.holds_checks
    assert due()[0] >= over
    assert due()[-1] <= over + timedelta(seconds=20)
    assert len(set(due())) == 40
    assert not ProviderIncident.objects.get().holds_checks


def test_what_became_part_of_a_wider_incident_waits_on_until_that_is_over() -> None:
    narrow = factories.incident(service="gmail", opened_at=NOW, is_detected=True)
    failing(3)
    waiting.hold(narrow, probing=0, now=NOW)
    wider = factories.incident(opened_at=NOW, is_detected=True)
    ProviderIncident.objects.filter(pk=narrow.pk).update(closed_at=NOW, continued_by=wider)
    waiting.hold(wider, probing=0, now=NOW)

    waiting.end(now=NOW)

    assert due()[0] >= NOW + 10 * MINUTE
    assert set(ProviderIncident.objects.filter(holds_checks=True)) == {wider}

    ProviderIncident.objects.filter(pk=wider.pk).update(closed_at=NOW + MINUTE)
    waiting.end(now=NOW + MINUTE)

    assert due()[-1] < NOW + 10 * MINUTE
    assert not ProviderIncident.objects.filter(holds_checks=True).exists()


def test_what_no_wider_incident_ever_held_is_due_when_its_own_is_closed() -> None:
    narrow = factories.incident(service="gmail", opened_at=NOW, is_detected=True)
    failing(3)
    waiting.hold(narrow, probing=0, now=NOW)
    wider = factories.incident(opened_at=NOW, closed_at=NOW, is_detected=True)
    ProviderIncident.objects.filter(pk=narrow.pk).update(closed_at=NOW, continued_by=wider)

    waiting.end(now=NOW)

    assert due()[-1] < NOW + 10 * MINUTE


def test_what_another_open_incident_explains_waits_on(incident: ProviderIncident) -> None:
    gmail, slack = failing(3), failing(3, service="slack")
    waiting.hold(incident, probing=0, now=NOW)
    rest = factories.incident(service="gmail", opened_at=NOW, is_detected=True)
    ProviderIncident.objects.filter(pk=incident.pk).update(closed_at=NOW)
    waiting.hold(rest, probing=0, now=NOW)

    waiting.end(now=NOW)

    assert min(map(due_at, gmail)) >= NOW + 10 * MINUTE
    assert max(map(due_at, slack)) < NOW + 10 * MINUTE


def test_the_end_moves_nothing_twice(incident: ProviderIncident) -> None:
    failing(3)
    waiting.hold(incident, probing=0, now=NOW)
    ProviderIncident.objects.update(closed_at=NOW)
    waiting.end(now=NOW)
    HealthCheck.objects.update(next_check_at=NOW + 50 * MINUTE)

    waiting.end(now=NOW)

    assert due() == [NOW + 50 * MINUTE] * 3
