"""Integrations come into being once, and change as they are told to."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations_health import registry
from integrations_health.models import Integration, User
from integrations_health.registry import Changes
from tests import factories
from tests.registrations import counted, database_now, register, registration, said_of

pytestmark = pytest.mark.django_db


def test_a_new_integration_is_watched_at_once() -> None:
    changes = register(registration(interval_seconds=600, server_url="https://host/mcp"))

    made = Integration.objects.select_related("health").get()
    assert counted(changes) == (1, 0, 0, 1)
    assert (made.service, made.provider, made.server_instance_id) == ("gmail", "composio", "ca_1")
    assert (made.interval_seconds, made.server_url, made.enabled) == (600, "https://host/mcp", True)
    assert made.health.status == "unknown"
    assert made.health.next_check_at <= database_now()


def test_a_new_person_never_becomes_a_member_of_the_staff_of_that_name() -> None:
    factories.staff(username="admin", external_id=None)

    register(registration(user="admin"))

    person = User.objects.get(external_id="admin")
    assert not person.is_staff
    assert not person.is_superuser
    assert not person.has_usable_password()


def test_a_person_who_is_known_gets_the_integrations() -> None:
    person = factories.user(external_id="app-1")

    changes = register(registration(), registration(server_instance_id="ca_2"))

    assert counted(changes) == (2, 0, 0, 0)
    assert person.integrations.count() == 2


def test_people_are_told_at_the_address_that_the_application_names() -> None:
    register(registration(user="ann", user_email="ann@example.com"), registration(user="bob"))

    assert told_at() == {"ann": "ann@example.com", "bob": ""}


def test_a_new_address_replaces_the_old_one_and_none_said_keeps_it() -> None:
    mine = registration(user="ann", user_email="old@example.com")
    register(mine)

    changes = register(replace(mine, user_email="new@example.com"))
    register(replace(mine, user_email=None))

    assert told_at() == {"ann": "new@example.com"}
    assert counted(changes) == (0, 0, 1, 0)
    assert str(changes).endswith("new e-mail addresses: 1")


def test_an_empty_address_takes_it_away() -> None:
    mine = registration(user="ann", user_email="ann@example.com")
    register(mine)

    register(replace(mine, user_email=""))

    assert told_at() == {"ann": ""}


def test_an_import_never_changes_the_address_of_a_member_of_the_staff() -> None:
    factories.staff(external_id="nora", email="nora@example.com")

    register(registration(user="nora", user_email="evil@example.com"))

    assert told_at() == {"nora": "nora@example.com"}


def test_an_entry_that_is_refused_leaves_no_address_behind() -> None:
    factories.user(external_id="ann", email="ann@example.com")
    refused = registration(user="ann", provider="mcp", user_email="x@example.com", place="entry 1")

    changes = register(refused)

    assert len(changes.refused) == 1
    assert told_at() == {"ann": "ann@example.com"}


def told_at() -> dict[str | None, str]:
    return dict(User.objects.values_list("external_id", "email"))


def test_the_same_registrations_change_nothing_the_second_time() -> None:
    everything = [
        registration(number, server_token="secret", probe_arguments={"limit": number})
        for number in range(5)
    ]
    register(*everything)
    before = list(Integration.objects.order_by("pk").values())

    changes = register(*everything)

    assert counted(changes) == (0, 0, 5, 0)
    assert list(Integration.objects.order_by("pk").values()) == before


def test_only_what_was_said_is_changed() -> None:
    made = factories.integration(display_name="Work", server_token="old", interval_seconds=900)

    changes = register(said_of(made, server_token="new"))

    made.refresh_from_db()
    assert counted(changes) == (0, 1, 0, 0)
    assert (made.server_token, made.display_name, made.interval_seconds) == ("new", "Work", 900)


def test_several_accounts_of_one_person_and_service_stay_apart() -> None:
    changes = register(
        registration(server_instance_id="ca_1"), registration(server_instance_id="ca_2")
    )

    assert counted(changes) == (2, 0, 0, 1)


def test_one_connection_of_two_people_is_two_integrations() -> None:
    changes = register(registration(user="alice"), registration(user="Alice"))

    assert counted(changes) == (2, 0, 0, 2)


def test_the_last_word_counts_when_one_is_registered_twice_at_once() -> None:
    changes = register(registration(display_name="one"), registration(display_name="two"))

    assert counted(changes) == (1, 0, 0, 1)
    assert Integration.objects.get().display_name == "two"


def test_a_plain_server_without_an_address_is_refused_and_leaves_no_trace() -> None:
    changes = register(registration(provider="mcp"), registration(2))

    (refused,) = changes.refused
    assert str(refused) == (
        "line 1: serverUrl: is missing, and mcp can be asked nowhere else; "
        "type the address of the MCP server"
    )
    assert list(User.objects.values_list("external_id", flat=True)) == ["app-2"]


def test_a_plain_server_that_is_known_needs_no_address_again() -> None:
    made = factories.integration(provider="mcp", server_url="https://host/mcp")

    changes = register(said_of(made, display_name="new"))

    assert counted(changes) == (0, 1, 0, 0)


def test_what_is_undone_was_never_there() -> None:
    changes = Changes()

    with registry.writing(changes) as undo:
        registry.register([registration()], changes=changes)
        undo()

    assert counted(changes) == (1, 0, 0, 1)
    assert not Integration.objects.exists()
    assert not User.objects.exists()


@pytest.mark.parametrize("count", [2, 700])
def test_the_number_of_statements_does_not_grow_with_the_entries(count: int) -> None:
    old = [registration(number) for number in range(count)]
    register(*old)
    changed = [registration(number, enabled=False, probe_tool="NEW") for number in range(count)]
    new = [registration(number + count) for number in range(count)]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        register(*changed, *new)

    statements = [query["sql"].split()[0] for query in queries]
    assert len(statements) <= 20, statements
