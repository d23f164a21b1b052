"""Who has a vote in whether a provider fails for many."""

from datetime import timedelta

import pytest

from integrations_health import pipeline
from integrations_health.models import HealthCheck, Integration
from integrations_health.outcomes import Outcome
from tests.alarms import MINUTE
from tests.conftest import NOW
from tests.outages import crowd, look, open_now, vote
from tests.results import claim, result

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_rules")]

SECOND = timedelta(seconds=1)
AT = NOW + 5 * SECOND


def test_an_integration_counts_once_by_its_latest_result() -> None:
    noisy, *others = crowd(10)
    vote(others, at=NOW)
    for seconds in range(9):
        vote([noisy], bad=1, at=NOW + seconds * SECOND / 10)

    look(AT, times=2)

    assert open_now() == set()


@pytest.mark.parametrize(
    "outcome", [Outcome.RATE_LIMITED, Outcome.KEY_REJECTED, Outcome.INTERNAL_ERROR, Outcome.PENDING]
)
def test_what_says_nothing_is_no_vote(outcome: Outcome) -> None:
    """Also where a failure before it still stands."""
    many = crowd(10)
    vote(many, bad=10, at=NOW - 10 * SECOND)

    vote(many, bad=10, outcome=outcome, at=NOW)
    look(AT, times=2)

    assert open_now() == set()


@pytest.mark.parametrize("outcome", [Outcome.AUTH_EXPIRED, Outcome.PERMISSION, Outcome.SLOW])
def test_what_is_the_owners_or_only_slow_is_no_outage(outcome: Outcome) -> None:
    vote(crowd(10), bad=10, outcome=outcome, at=NOW)

    look(AT, times=2)

    assert open_now() == set()


def test_who_is_paused_does_not_vote() -> None:
    paused, others = crowd(10), crowd(5)
    vote(paused, bad=10, at=NOW)
    vote(others, at=NOW)
    Integration.objects.filter(pk__in=[one.pk for one in paused]).update(enabled=False)

    look(AT, times=2)

    assert open_now() == set()


def test_a_result_that_is_reused_is_no_vote() -> None:
    many = crowd(10)
    vote(many, at=NOW - 10 * MINUTE)
    HealthCheck.objects.update(last_check_at=NOW - 6 * MINUTE)
    fresh = crowd(1)[0]
    vote([fresh], at=NOW)
    before = HealthCheck.objects.get(integration=fresh).last_check_at

    reused = pipeline.check_one(fresh.pk, now=AT)

    assert reused.is_reused
    assert HealthCheck.objects.get(integration=fresh).last_check_at == before


def test_a_late_result_that_only_adds_history_is_no_vote() -> None:
    many = crowd(10)
    targets = claim(*many)
    vote(many, at=NOW + 200 * SECOND)

    late = [result(target, Outcome.SERVER_ERROR, at=NOW) for target in targets]
    pipeline.record(late, now=NOW + 201 * SECOND)
    look(NOW + 202 * SECOND, times=2)

    assert open_now() == set()
