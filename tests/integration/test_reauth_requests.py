"""Who is asked to connect again, by which request, and what is not even begun."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations_health import network, reauth, reauth_requests
from integrations_health.models import (
    Integration,
    ReauthAttempt,
    ReauthRequest,
    User,
)
from integrations_health.providers.simulator import Simulator
from integrations_health.reauth import NotFound, NotOffered
from integrations_health.reauth_return import Ending
from integrations_health.reauth_rules import Call
from tests import factories
from tests.reconnecting import begin, caller, come_back, consent, dead, expired
from tests.sessions import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return factories.user(external_id="alice")


@pytest.fixture
def watched(simulator: Simulator, owner: User) -> Integration:
    return expired(simulator, user=owner)


@pytest.mark.parametrize(
    ("fields", "call"),
    [
        ({"status": "healthy", "error_code": "", "consecutive_failures": 0}, Call.NOT_NEEDED),
        ({"error_code": "timeout"}, Call.NOT_NEEDED),
        ({"enabled": False}, Call.NOT_NEEDED),
        ({"provider": "mcp"}, Call.UNSUPPORTED),
        ({"provider": "a provider of yesterday"}, Call.UNSUPPORTED),
    ],
)
def test_nothing_is_begun_where_it_would_mend_nothing(
    owner: User, fields: dict[str, Any], call: Call
) -> None:
    watched = dead(user=owner, **fields)

    with pytest.raises(NotOffered) as refused:
        begin(watched)

    assert refused.value.call is call
    assert not ReauthRequest.objects.exists()


def test_nobody_begins_for_somebody_else(watched: Integration) -> None:
    with pytest.raises(NotFound):
        reauth.start(caller(factories.user()), watched.pk)

    assert not ReauthRequest.objects.exists()


def test_a_link_to_a_host_that_we_do_not_know_leads_nobody_there(
    watched: Integration, settings: Any, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    # Its pages are at the address where it is asked; to the client that is another one now.
    network.provider("composio")
    settings.PROVIDERS["composio"]["base_url"] = "https://backend.composio.dev"

    with pytest.raises(reauth.Unavailable):
        begin(watched)

    assert [record.message for record in caplog.records] == ["reauth.link_refused"]
    assert not ReauthAttempt.objects.exists()


@pytest.mark.parametrize("script", ["500", "key_rejected", "429", "hang"])
def test_a_provider_that_gives_no_link_is_no_error_of_ours(
    watched: Integration, simulator: Simulator, script: str
) -> None:
    simulator.answers("composio", script)

    with pytest.raises(reauth.Unavailable):
        begin(watched)


def test_a_provider_is_spared_who_begins_again_and_again(
    watched: Integration, owner: User, simulator: Simulator
) -> None:
    for _ in range(reauth.MOST_WAYS):
        begin(watched)
    asked = len(simulator.calls())

    with pytest.raises(reauth.TooOften):
        begin(watched)

    assert len(simulator.calls()) == asked
    later = datetime.now(UTC) + timedelta(minutes=10)
    assert begin(watched, now=later)


def test_what_is_asked_twice_is_one_request_for_fourteen_more_days(owner: User) -> None:
    watched, now = dead(user=owner), datetime.now(UTC)

    first = reauth_requests.open_for({watched.pk: owner.pk}, now=now)[watched.pk]
    again = reauth_requests.open_for({watched.pk: owner.pk}, now=now + timedelta(days=1))
    after = now + timedelta(days=16)
    anew = reauth_requests.open_for({watched.pk: owner.pk}, now=after)[watched.pk]

    assert again[watched.pk].nonce == first.nonce
    assert again[watched.pk].expires_at == now + timedelta(days=15)
    assert anew.nonce != first.nonce
    assert ReauthRequest.objects.filter(closed_at=None).count() == 1


def test_a_new_owner_is_asked_anew(owner: User) -> None:
    watched = dead(user=owner)
    first = reauth_requests.open_for({watched.pk: owner.pk})[watched.pk]

    other = reauth_requests.open_for({watched.pk: factories.user().pk})[watched.pk]

    assert other.nonce != first.nonce
    assert ReauthRequest.objects.get(closed_at=None).pk == other.nonce


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_open_one_request(owner: User) -> None:
    watched = dead(user=owner)
    nonces = set()

    at_once(
        8,
        lambda _: nonces.add(reauth_requests.open_for({watched.pk: owner.pk})[watched.pk].nonce),
    )

    assert len(nonces) == ReauthRequest.objects.count() == 1


def test_a_connection_that_is_kept_may_serve_another_integration_too(
    simulator: Simulator, owner: User
) -> None:
    watched = expired(simulator, "klavis", user=owner)
    kept = {"provider": "klavis", "server_instance_id": watched.server_instance_id}
    factories.integration(user=owner, service="calendar", **kept)

    assert come_back(owner, consent(begin(watched))) is Ending.CONNECTED
