"""An account of somebody else's, registered as one's own: nothing is told of how it is."""

from typing import Any

import pytest
from redis import Redis

from integrations_health import pipeline
from integrations_health.models import Integration
from integrations_health.providers.simulator import Account, Simulator
from tests import factories
from tests.callers import as_back_end, as_user, send
from tests.commands import run
from tests.watching import health

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/api/integrations"


def saying(account: Account, **more: Any) -> dict[str, Any]:
    fields = {
        "provider": account.provider,
        "service": account.service.name,
        "serverInstanceId": account.id,
    }
    return fields | more


def checked(answer: Any) -> Integration:
    """Return what was registered, once it was checked."""
    assert answer.status_code == 201, answer.content
    made = Integration.objects.get(pk=answer.json()["id"])
    while pipeline.run(made.provider):
        pass
    return made


@pytest.fixture
def victims(simulator: Simulator) -> Account:
    """Return an account of a user whom nobody here knows; a service without a probe."""
    return simulator.connect("composio", "notion", user_id="victim", script="expired")


def test_its_status_is_shown_to_nobody_else(redis: Redis, victims: Account) -> None:
    stranger = as_user(factories.user(external_id="mallory"))

    made = checked(send(stranger, "post", PATH, saying(victims)))

    shown = stranger.get(f"{PATH}/{made.pk}/health")
    page = as_user(made.user).get(f"{PATH}/{made.pk}")
    assert shown.json()["current"]["errorCode"] == "disconnected"
    assert health(made).metadata["evidence"][0]["said"] == "it belongs to another user there"
    for told in (shown.text, page.text, str(health(made).metadata)):
        assert "EXPIRED" not in told
        assert "refresh" not in told


def test_its_owner_is_told(redis: Redis, victims: Account) -> None:
    owner = as_user(factories.user(external_id="victim"))

    made = checked(send(owner, "post", PATH, saying(victims)))

    assert health(made).error_code == "auth_expired"
    assert "EXPIRED" in str(health(made).metadata)


def test_a_back_end_may_know_its_users_by_other_ids_at_the_provider(
    redis: Redis, victims: Account
) -> None:
    said = saying(victims, user="app-7", providerUserId="victim")

    made = checked(send(as_back_end(), "post", PATH, said))

    assert health(made).error_code == "auth_expired"


def test_what_the_provider_lists_and_what_a_file_says_without_an_id_are_told(
    redis: Redis, victims: Account
) -> None:
    run("sync_integrations", "--provider", "composio")
    unnamed = factories.integration(
        service="notion", server_instance_id=victims.id, provider_user_id=""
    )

    while pipeline.run("composio"):
        pass

    codes = [health(one).error_code for one in Integration.objects.all()]
    assert codes == ["auth_expired"] * 2
    assert unnamed.provider_user_id == ""


def test_a_klavis_instance_of_somebody_else_is_as_if_it_were_not(
    redis: Redis, simulator: Simulator
) -> None:
    instance = simulator.connect("klavis", "notion", user_id="victim")
    stranger = as_user(factories.user(external_id="mallory"))

    made = checked(send(stranger, "post", PATH, saying(instance)))

    assert health(made).error_code == "disconnected"
    assert health(made).metadata["serverStatus"] is None


@pytest.mark.parametrize("provider", ["composio", "klavis"])
def test_who_has_no_id_at_the_provider_registers_nothing_there(redis: Redis, provider: str) -> None:
    nobody = as_user(factories.user(external_id=None))

    answer = send(
        nobody,
        "post",
        PATH,
        {"provider": provider, "service": "notion", "serverInstanceId": "ca_1"},
    )

    (error,) = answer.json()["errors"]
    assert answer.status_code == 400
    assert error["field"] == "serverInstanceId"
    assert "back end" in error["remedy"]
    assert not Integration.objects.exists()
