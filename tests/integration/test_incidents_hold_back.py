"""While a provider's incident is open, nobody is woken for what it explains."""

from datetime import timedelta

import pytest

from integrations_health.models import Integration, ProviderIncident
from integrations_health.outcomes import Outcome
from tests import factories
from tests.alarms import MINUTE, alert, check, events, fail, look_again, verdicts
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

CLOSED_AT = NOW + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def _rule(no_rules: None) -> None:
    """Leave one rule: three failures in a row."""
    factories.rule()


@pytest.fixture
def incident() -> ProviderIncident:
    return factories.incident(provider="composio", opened_at=NOW - MINUTE)


@pytest.fixture
def failing(incident: ProviderIncident) -> Integration:
    """Return an integration that fails together with its provider."""
    integration = factories.integration(status="healthy")
    fail(integration, outcome=Outcome.SERVER_ERROR)
    return integration


def close(incident: ProviderIncident) -> None:
    incident.closed_at = CLOSED_AT
    incident.save()


def test_what_the_provider_causes_is_held_back(
    failing: Integration, incident: ProviderIncident
) -> None:
    look_again(at=NOW + MINUTE)

    held = alert()
    assert (held.held_back, held.incident, events()) == ("incident", incident, [])
    assert verdicts() == ["opened", "held_back"]


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize("outcome", [Outcome.AUTH_EXPIRED, Outcome.PERMISSION])
def test_what_the_owner_must_mend_is_told_all_the_same(outcome: Outcome) -> None:
    fail(factories.integration(status="healthy"), outcome=outcome)

    assert events() == ["opened"]


@pytest.mark.usefixtures("incident")
def test_another_provider_is_told_all_the_same() -> None:
    fail(factories.integration(status="healthy", provider="klavis"))

    assert events() == ["opened"]


def test_what_became_part_of_a_wider_incident_is_held_back_by_that(
    failing: Integration, incident: ProviderIncident
) -> None:
    look_again(at=NOW + MINUTE)
    wider = factories.incident(provider="", service=failing.service, opened_at=NOW)
    incident.continued_by = wider
    close(incident)

    look_again(at=CLOSED_AT)

    assert (alert().held_back, alert().incident, events()) == ("incident", wider, [])


def test_what_recovers_with_its_provider_is_told_to_nobody(
    failing: Integration, incident: ProviderIncident
) -> None:
    close(incident)
    look_again(at=CLOSED_AT + MINUTE)
    assert alert().held_back == "incident"

    check(failing, at=CLOSED_AT + 2 * MINUTE)
    look_again(at=CLOSED_AT + 3 * MINUTE)

    assert alert().resolved_at == CLOSED_AT + 2 * MINUTE
    assert events() == []


def test_what_still_fails_after_the_incident_is_told_then(
    failing: Integration, incident: ProviderIncident
) -> None:
    close(incident)

    check(failing, outcome=Outcome.SERVER_ERROR, at=CLOSED_AT + MINUTE)
    look_again(at=CLOSED_AT + MINUTE)

    assert events() == ["opened"]


def test_a_dead_grant_found_during_the_incident_is_told_at_the_next_look(
    failing: Integration,
) -> None:
    fail(failing, outcome=Outcome.AUTH_EXPIRED, times=1, at=NOW + 5 * MINUTE)

    look_again(at=NOW + 6 * MINUTE)

    assert (alert().error_code, events()) == ("auth_expired", ["opened"])
