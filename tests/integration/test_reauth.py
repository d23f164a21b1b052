"""Out to the provider and back: what is begun, what is believed, and what takes whose place."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations_health import pipeline, schedule
from integrations_health.models import (
    HealthHistory,
    Integration,
    ReauthAttempt,
    ReauthRequest,
    User,
)
from integrations_health.outcomes import Outcome
from integrations_health.providers.simulator import Simulator
from integrations_health.reauth_return import Ending, NotFound
from tests import factories
from tests.reconnecting import begin, come_back, consent, expired
from tests.results import result
from tests.sessions import at_once
from tests.watching import health, watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return factories.user(external_id="alice")


@pytest.fixture
def watched(simulator: Simulator, owner: User) -> Integration:
    return expired(simulator, user=owner)


def test_somebody_goes_to_the_provider_and_is_back(
    watched: Integration, owner: User, simulator: Simulator
) -> None:
    old = watched.server_instance_id
    before = health(watched)

    ending = come_back(owner, consent(begin(watched)))

    watched.refresh_from_db()
    (request,) = ReauthRequest.objects.all()
    now = health(watched)
    assert ending is Ending.CONNECTED
    assert watched.server_instance_id != old
    assert (request.old_instance_id, request.new_instance_id) == (old, watched.server_instance_id)
    # At the provider nothing was done to the old one.
    touched = [call for call in simulator.calls(account=old) if call.method != "GET"]
    assert (simulator.account(old).id, touched) == (old, [])
    assert now.state_version > before.state_version
    assert now.next_check_at <= datetime.now(UTC)
    # Until a check says otherwise, it is as it was.
    assert now.status == "unhealthy"

    assert pipeline.check_one(watched.pk).health.status == "healthy"


def test_the_dead_account_poisons_no_batch_any_more(
    watched: Integration, owner: User, simulator: Simulator
) -> None:
    others = [watch(simulator, simulator.connect("composio", "gmail")) for _ in range(3)]
    old = watched.server_instance_id
    come_back(owner, consent(begin(watched)))
    simulator.population.delete(simulator.account(old))
    seen = len(simulator.calls())

    pipeline.run("composio", now=datetime.now(UTC) + timedelta(seconds=1))

    after = simulator.calls()[seen:]
    assert {health(one).status for one in [watched, *others]} == {"healthy"}
    assert old not in {call.account for call in after}
    assert len([call for call in after if "connected_accounts" in call.path]) == 1


def test_klavis_keeps_the_instance(simulator: Simulator, owner: User) -> None:
    watched = expired(simulator, "klavis", user=owner)

    ending = come_back(owner, consent(begin(watched)))

    (request,) = ReauthRequest.objects.all()
    assert ending is Ending.CONNECTED
    assert request.old_instance_id == request.new_instance_id == watched.server_instance_id
    assert pipeline.check_one(watched.pk).health.status == "healthy"


def test_who_says_no_at_the_provider_changes_nothing(watched: Integration, owner: User) -> None:
    ending = come_back(owner, consent(begin(watched), "deny"))

    assert ending is Ending.DECLINED
    assert Integration.objects.get(pk=watched.pk).server_instance_id == watched.server_instance_id
    assert ReauthRequest.objects.get().closed_at is None


def test_a_way_back_is_used_once(watched: Integration, owner: User) -> None:
    declined, done = consent(begin(watched), "deny"), consent(begin(watched))

    endings = [come_back(owner, location) for location in (declined, declined, done, done)]

    assert endings == [Ending.DECLINED, Ending.USED, Ending.CONNECTED, Ending.DONE_BEFORE]
    assert come_back(owner, declined) is Ending.DONE_BEFORE


def test_who_began_in_two_windows_is_connected_by_the_first_that_comes_back(
    watched: Integration, owner: User
) -> None:
    old = watched.server_instance_id
    first, second = consent(begin(watched)), consent(begin(watched))

    endings = [come_back(owner, location) for location in (second, first)]

    request = ReauthRequest.objects.get()
    assert endings == [Ending.CONNECTED, Ending.DONE_BEFORE]
    assert request.old_instance_id == old
    assert Integration.objects.get(pk=watched.pk).server_instance_id == request.new_instance_id


def test_a_way_back_is_good_for_ten_minutes(watched: Integration, owner: User) -> None:
    late = datetime.now(UTC) + timedelta(minutes=10, seconds=1)

    assert come_back(owner, consent(begin(watched)), now=late) is Ending.LATE
    assert ReauthRequest.objects.get().closed_at is None


def test_nobody_comes_back_for_somebody_else(watched: Integration, simulator: Simulator) -> None:
    other = factories.user()
    theirs = expired(simulator, user=other)
    mine, foreign = consent(begin(watched)), consent(begin(theirs))

    for who, location in ((other, mine), (watched.user, foreign)):
        with pytest.raises(NotFound):
            come_back(who, location)
    with pytest.raises(NotFound):
        come_back(other, mine.replace("/reconnect/back/", "/reconnect/back/A"))
    assert not ReauthAttempt.objects.exclude(used_at=None).exists()


def test_what_changed_hands_meanwhile_is_not_connected(watched: Integration, owner: User) -> None:
    location = consent(begin(watched))
    Integration.objects.filter(pk=watched.pk).update(user=factories.user())

    with pytest.raises(NotFound):
        come_back(owner, location)


@pytest.mark.parametrize(
    "account",
    [
        {"user_id": "mallory"},
        {"service": "slack"},
        {"auth_config_id": "ac_other"},
    ],
    ids=str,
)
def test_an_account_of_another_user_service_or_configuration_is_refused(
    watched: Integration, owner: User, simulator: Simulator, account: dict[str, str]
) -> None:
    usual = {"service": "gmail", "user_id": "alice"} | account
    foreign = simulator.connect("composio", usual.pop("service"), **usual)
    location = consent(begin(watched))

    ending = come_back(owner, location, connected_account_id=foreign.id)

    assert ending is Ending.FOREIGN
    assert Integration.objects.get(pk=watched.pk).server_instance_id == watched.server_instance_id


@pytest.mark.parametrize("id", ["ca_nobody", "../x", "", "a,b", "a" * 300])
def test_an_account_that_there_is_not_is_refused(
    watched: Integration, owner: User, id: str
) -> None:
    location = consent(begin(watched))

    ending = come_back(owner, location, connected_account_id=id)

    # Without an id it is the one that the provider announced when it made the link.
    assert ending is (Ending.FOREIGN if id else Ending.CONNECTED)


@pytest.mark.parametrize("status", ["EXPIRED", "FAILED", "REVOKED", "INACTIVE"])
def test_an_account_that_the_provider_itself_does_not_call_connected_is_refused(
    watched: Integration, owner: User, simulator: Simulator, status: str
) -> None:
    location = consent(begin(watched))
    announced = ReauthAttempt.objects.get().announced_id
    simulator.account(announced).move_to(status, now=datetime.now(UTC).timestamp())

    assert come_back(owner, location) is Ending.DEAD


def test_a_connection_that_is_watched_already_is_not_taken(
    watched: Integration, owner: User, simulator: Simulator
) -> None:
    location = consent(begin(watched))
    announced = simulator.account(ReauthAttempt.objects.get().announced_id)
    watch(simulator, announced, user=owner, service="other")

    assert come_back(owner, location) is Ending.TAKEN
    assert Integration.objects.get(pk=watched.pk).server_instance_id == watched.server_instance_id
    assert ReauthRequest.objects.get().closed_at is None


def test_while_the_provider_does_not_answer_nothing_is_used_up(
    watched: Integration, owner: User, simulator: Simulator
) -> None:
    location = consent(begin(watched))
    simulator.answers("composio", "500")

    silent = come_back(owner, location)
    simulator.answers("composio", "ok")

    assert silent is Ending.UNANSWERED
    assert come_back(owner, location) is Ending.CONNECTED


def test_what_was_asked_of_the_old_account_says_nothing_of_the_new_one(
    watched: Integration, owner: User
) -> None:
    (target,) = schedule.claim_one(watched.pk).targets
    come_back(owner, consent(begin(watched)))
    before = health(watched)

    pipeline.record([result(target, Outcome.AUTH_EXPIRED, at=datetime.now(UTC))])

    assert health(watched) == before
    assert health(watched).consecutive_failures == before.consecutive_failures
    assert HealthHistory.objects.filter(integration_id=watched.pk).count() == 1
    assert pipeline.check_one(watched.pk).health.status == "healthy"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_come_back_at_once_one_connects(
    watched: Integration, owner: User, simulator: Simulator
) -> None:
    location = consent(begin(watched))
    endings: list[Ending] = []

    at_once(6, lambda _: endings.append(come_back(owner, location)))

    assert sorted(endings) == sorted([Ending.CONNECTED, *[Ending.DONE_BEFORE] * 5])
    assert ReauthRequest.objects.get().is_done
