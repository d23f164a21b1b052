"""What a provider lists is adopted by its owner, and nobody is ever mistaken for another."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_health import adoption, registry, schedule
from integrations_health.models import HealthCheck, Integration, ReauthAttempt, User
from integrations_health.providers import composio_answers
from integrations_health.providers.base import Connection
from integrations_health.registry import Changes
from tests import factories, reconnecting
from tests.conftest import NOW
from tests.registrations import counted

pytestmark = pytest.mark.django_db

CONNECTED_AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)


def connection(number: int = 1, **fields: Any) -> Connection:
    found: dict[str, Any] = {
        "provider": "composio",
        "service": "gmail",
        "server_instance_id": f"ca_{number}",
        "provider_user_id": f"app-{number}",
        "auth_config_id": "ac_1",
        "connected_at": CONNECTED_AT,
    }
    return Connection(**found | fields)


def adopt(*connections: Connection) -> Changes:
    changes = Changes()
    with registry.writing(changes):
        adoption.adopt(connections, changes=changes)
    return changes


def owners() -> set[tuple[str, str | None]]:
    rows = Integration.objects.values_list("server_instance_id", "user__external_id")
    return set(rows)


def test_a_connection_of_somebody_new_makes_the_person_and_the_integration() -> None:
    changes = adopt(connection(server_url="https://host/mcp"))

    made = Integration.objects.select_related("user").get()
    assert counted(changes) == (1, 0, 0, 1)
    assert made.user.external_id == made.provider_user_id == "app-1"
    assert (made.auth_config_id, made.server_url) == ("ac_1", "https://host/mcp")
    assert made.connected_at == CONNECTED_AT


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00Z"]
)
def test_an_instant_at_the_end_of_time_stops_no_check(at: str) -> None:
    adopt(connection(1), connection(2, connected_at=composio_answers.instant(at)), connection(3))
    HealthCheck.objects.update(next_check_at=NOW)

    claim = schedule.claim_due("composio", limit=10, now=NOW)

    assert len(claim.targets) == 3


def test_a_second_look_changes_nothing() -> None:
    found = [connection(number) for number in range(5)]
    adopt(*found)

    changes = adopt(*found)

    assert counted(changes) == (0, 0, 5, 0)


def test_references_follow_the_provider_and_a_pause_stays() -> None:
    person = factories.user(external_id="app-1")
    paused = factories.integration(
        user=person, server_instance_id="ca_1", provider_user_id="app-1", enabled=False
    )

    changes = adopt(connection(auth_config_id="ac_2"))

    paused.refresh_from_db()
    assert counted(changes) == (0, 1, 0, 0)
    assert paused.auth_config_id == "ac_2"
    assert not paused.enabled
    assert not HealthCheck.objects.get().enabled


def test_what_the_provider_does_not_say_stays_as_it_is() -> None:
    adopt(connection(server_url="https://host/mcp"))

    changes = adopt(connection(server_url="", auth_config_id="", connected_at=None))

    made = Integration.objects.get()
    assert counted(changes) == (0, 0, 1, 0)
    assert (made.server_url, made.auth_config_id) == ("https://host/mcp", "ac_1")
    assert made.connected_at == CONNECTED_AT


def test_what_is_missing_from_a_list_is_left_alone() -> None:
    adopt(connection(1), connection(2))
    before = list(Integration.objects.order_by("pk").values())

    adopt(connection(1))
    adopt()

    assert list(Integration.objects.order_by("pk").values()) == before


def test_a_service_that_nobody_knows_keeps_the_providers_name() -> None:
    adopt(connection(service="Some CRM"))

    assert Integration.objects.get().service == "Some CRM"


def test_two_accounts_of_one_person_and_service_are_two_integrations() -> None:
    adopt(connection(1, provider_user_id="alice"), connection(2, provider_user_id="alice"))

    assert owners() == {("ca_1", "alice"), ("ca_2", "alice")}


def test_provider_users_whose_names_look_alike_stay_apart() -> None:
    names = ["alice", "Alice", " alice", "alice ", "alic\u0435"]

    adopt(*(connection(number, provider_user_id=name) for number, name in enumerate(names)))

    assert set(User.objects.values_list("external_id", flat=True)) == set(names)


def test_a_connection_that_was_imported_under_another_name_stays_with_its_owner() -> None:
    alice = factories.user(external_id="alice")
    factories.integration(user=alice, server_instance_id="ca_1", provider_user_id="composio-7")

    changes = adopt(connection(provider_user_id="composio-7"))

    assert owners() == {("ca_1", "alice")}
    assert not changes.people


def test_a_new_connection_follows_the_owner_of_the_old_one() -> None:
    alice = factories.user(external_id="alice")
    factories.integration(user=alice, server_instance_id="ca_1", provider_user_id="composio-7")

    adopt(connection(2, provider_user_id="composio-7"))

    assert owners() == {("ca_1", "alice"), ("ca_2", "alice")}


def test_a_provider_user_whom_two_people_claim_becomes_a_third() -> None:
    for name, instance in (("alice", "ca_1"), ("bob", "ca_2")):
        person = factories.user(external_id=name)
        factories.integration(user=person, server_instance_id=instance, provider_user_id="shared")

    adopt(connection(3, provider_user_id="shared"))

    assert owners() == {("ca_1", "alice"), ("ca_2", "bob"), ("ca_3", "shared")}


def test_a_person_of_that_name_comes_before_one_who_claims_it() -> None:
    alice = factories.user(external_id="alice")
    factories.user(external_id="bob")
    factories.integration(user=alice, server_instance_id="ca_1", provider_user_id="bob")

    adopt(connection(2, provider_user_id="bob"))

    assert owners() == {("ca_1", "alice"), ("ca_2", "bob")}


def test_a_shared_connection_is_brought_up_to_date_for_all_its_owners() -> None:
    for name in ("alice", "bob"):
        person = factories.user(external_id=name)
        factories.integration(user=person, server_instance_id="ca_1", provider_user_id="shared")

    changes = adopt(connection(provider_user_id="shared", auth_config_id="ac_9"))

    assert counted(changes) == (0, 2, 0, 0)
    assert owners() == {("ca_1", "alice"), ("ca_1", "bob")}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"provider_user_id": ""}, "provider_user_id: is empty"),
        ({"provider_user_id": "a" * 256}, "provider_user_id: has 256 characters"),
        ({"provider_user_id": "a" * 255 + " "}, "provider_user_id: has 256 characters"),
        ({"server_instance_id": ""}, "server_instance_id: is empty"),
        ({"server_instance_id": "a\0b"}, "server_instance_id: has a control character"),
        ({"service": "s" * 51}, "service: has 51 characters"),
        ({"auth_config_id": "a" * 256}, "auth_config_id: has 256 characters"),
    ],
)
def test_a_connection_that_cannot_be_kept_does_not_stop_the_others(
    fields: dict[str, Any], problem: str
) -> None:
    changes = adopt(connection(1, **fields), connection(2))

    assert owners() == {("ca_2", "app-2")}
    (refused,) = changes.refused
    assert str(refused).startswith(f"a connection at composio: {problem}")


def test_what_was_left_behind_or_made_for_a_way_back_is_nobodys_own() -> None:
    alice = factories.user(external_id="alice")
    watched = factories.integration(user=alice, server_instance_id="ca_new")
    ids = {"old_instance_id": "ca_old", "new_instance_id": "ca_new"}
    done = reconnecting.request(watched, closed_at=datetime(2040, 1, 1, tzinfo=UTC), **ids)
    for announced in ("ca_new", "ca_abandoned"):
        ReauthAttempt.objects.create(request=done, announced_id=announced)

    changes = adopt(
        *(
            connection(provider_user_id="alice", server_instance_id=f"ca_{name}")
            for name in ("old", "abandoned", "new", "another")
        )
    )

    assert owners() == {("ca_new", "alice"), ("ca_another", "alice")}
    assert counted(changes)[0] == 1
