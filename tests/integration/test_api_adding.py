"""POST /api/integrations: whose it is, what may be said, and what is refused."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from redis import Redis

from integrations_health.models import Integration, User
from tests import factories
from tests.callers import as_back_end, as_user, send
from tests.registrations import database_now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis")]
PATH = "/api/integrations"
NEW = {"service": "gmail", "provider": "composio", "serverInstanceId": "ca_1"}


def add(client: Client, **said: Any) -> Any:
    return send(client, "post", PATH, {**NEW, **said})


def fields_of(answer: Any) -> list[str]:
    return [error["field"] for error in answer.json()["errors"]]


def test_what_is_added_is_the_callers_and_due_at_once() -> None:
    owner = factories.user(external_id="alice")

    answer = add(as_user(owner), displayName="Work mail", intervalSeconds=600)

    made = Integration.objects.get()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{PATH}/{made.pk}"
    assert answer.json() == as_user(owner).get(answer.headers["Location"]).json()
    assert (made.user, made.display_name, made.interval_seconds) == (owner, "Work mail", 600)
    # By its own id the application knows the user at the provider, too.
    assert made.provider_user_id == "alice"
    assert made.health.next_check_at <= database_now()


def test_a_worker_is_woken_for_what_is_new_and_for_nothing_else(redis: Redis) -> None:
    client = as_user(factories.user())

    for _ in range(2):
        add(client)

    assert redis.llen("checks") == 1


def test_adding_the_very_same_again_changes_nothing() -> None:
    client = as_user(factories.user())
    first = add(client, displayName="Work mail")

    again = add(client, displayName="Work mail")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["Location"] == first.headers["Location"]
    assert Integration.objects.count() == 1


def test_adding_it_with_other_settings_is_a_conflict_that_names_them() -> None:
    client = as_user(factories.user())
    add(client, displayName="Work mail")

    answer = add(client, displayName="Private mail", intervalSeconds=600)

    assert answer.status_code == 409
    assert fields_of(answer) == ["displayName", "intervalSeconds"]
    assert Integration.objects.get().display_name == "Work mail"


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("displayName", "Private mail", "change it with PATCH"),
        ("serverToken", "another", "remove the integration first"),
    ],
)
def test_a_conflict_names_a_way_out_that_there_is(field: str, value: str, remedy: str) -> None:
    client = as_user(factories.user())
    add(client)

    answer = add(client, **{field: value})

    assert [error["remedy"] for error in answer.json()["errors"]] == [remedy]


def test_somebody_elses_account_is_not_watched_for_me() -> None:
    factories.integration(server_instance_id="ca_1")

    answer = add(as_user(factories.user()))

    assert answer.status_code == 409
    assert fields_of(answer) == ["serverInstanceId"]
    assert Integration.objects.count() == 1


def test_a_plain_server_may_have_the_same_name_for_several_people(settings: Any) -> None:
    factories.integration(provider="mcp", server_instance_id="mine")

    answer = add(
        as_user(factories.user()),
        provider="mcp",
        serverInstanceId="mine",
        serverUrl="https://mcp.example.com/mcp",
        serverToken="s3cret",
    )

    assert answer.status_code == 201
    assert b"s3cret" not in answer.content
    assert b"mcp.example.com" not in answer.content


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1:8080", "0x7f.1"])
def test_no_server_in_a_private_network_is_watched(host: str, settings: Any) -> None:
    settings.PROVIDERS["mcp"]["options"] = {"is_private_allowed": False}

    answer = add(as_user(factories.user()), provider="mcp", serverUrl=f"http://{host}/mcp")

    assert answer.status_code == 400
    assert fields_of(answer) == ["serverUrl"]
    assert host not in answer.json()["errors"][0]["problem"]


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"provider": "zapier"}, ["provider"]),
        ({"service": None}, ["service"]),
        ({"service": " "}, ["service"]),
        ({"serverInstanceId": " ca"}, ["serverInstanceId"]),
        ({"serverInstanceId": 7}, ["serverInstanceId"]),
        ({"intervalSeconds": 59}, ["intervalSeconds"]),
        ({"intervalSeconds": "600"}, ["intervalSeconds"]),
        ({"intervalSeconds": True}, ["intervalSeconds"]),
        ({"enabled": "yes"}, ["enabled"]),
        ({"provider": "mcp"}, ["serverUrl"]),
        ({"colour": "red"}, ["colour"]),
        ({"user": "bob"}, ["user"]),
        ({"status": "healthy", "userId": str(uuid4())}, ["status", "userId"]),
        ({"providerUserId": "bob", "probeTool": "SEND"}, ["providerUserId", "probeTool"]),
    ],
)
def test_what_cannot_be_taken_is_named_and_never_shown(
    said: dict[str, Any], fields: list[str]
) -> None:
    answer = add(as_user(factories.user()), **said)

    assert answer.status_code == 400
    assert fields_of(answer) == fields
    assert not Integration.objects.exists()


def test_a_secret_in_the_wrong_field_is_not_sent_back() -> None:
    answer = add(as_user(factories.user()), serverUrl="sk-3f9Zq71LmX0v", **{"sk-3f9Zq71LmX0v": 1})

    assert answer.status_code == 400
    assert b"sk-3f9Zq71LmX0v" not in answer.content


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_a_body_that_is_no_object_is_told(body: Any) -> None:
    answer = as_user(factories.user()).post(PATH, body, content_type="application/json")

    assert answer.status_code == 400


def test_a_back_end_says_for_whom_and_may_say_the_rest() -> None:
    answer = add(as_back_end(), user="alice", providerUserId="alice@work", probePolicy="every_nth")

    made = Integration.objects.get()
    assert answer.status_code == 201
    assert made.user.external_id == "alice"
    assert (made.provider_user_id, made.probe_policy) == ("alice@work", "every_nth")


def test_a_back_end_that_says_for_nobody_is_asked() -> None:
    answer = add(as_back_end())

    assert answer.status_code == 400
    assert fields_of(answer) == ["user"]


def test_a_back_end_that_acts_for_a_user_adds_what_is_the_users() -> None:
    owner = factories.user(external_id="alice")

    known = add(as_back_end(acting_for="alice"))
    new = add(as_back_end(acting_for="bob"), serverInstanceId="ca_2")

    assert known.json()["userId"] == str(owner.pk)
    assert User.objects.get(pk=new.json()["userId"]).external_id == "bob"


def test_a_key_that_only_reads_adds_nothing() -> None:
    answer = add(as_back_end(may_write=False), user="alice")

    assert answer.status_code == 403
    assert not Integration.objects.exists()


def test_a_token_of_nobody_adds_nothing() -> None:
    answer = add(as_user(User(id=uuid4())))

    assert answer.status_code == 403
    assert answer.json()["code"] == "user_unknown"


def test_one_that_was_switched_off_adds_nothing() -> None:
    answer = add(as_user(factories.user(is_active=False)))

    assert answer.status_code in {401, 403}
    assert not Integration.objects.exists()


def test_a_back_end_says_where_a_user_is_told_even_of_what_is_watched_already() -> None:
    client = as_back_end()

    answers = [
        add(client, user="alice", userEmail=email) for email in ("a@example.com", "b@example.com")
    ]

    assert [answer.status_code for answer in answers] == [201, 200]
    assert User.objects.get(external_id="alice").email == "b@example.com"


def test_who_is_told_where_is_not_for_users_to_say() -> None:
    owner = factories.user(email="alice@example.com")

    answer = add(as_user(owner), userEmail="evil@example.com")

    owner.refresh_from_db()
    assert answer.status_code == 400
    assert fields_of(answer) == ["userEmail"]
    assert owner.email == "alice@example.com"


@pytest.mark.parametrize(
    "email", ["ann", "a b@example.com", "a@b@example.com", "ann@host", "x@e.com\r\nBcc: y@e.com"]
)
def test_what_is_no_address_is_refused_with_what_to_type(email: str) -> None:
    answer = add(as_back_end(), user="alice", userEmail=email)

    assert (answer.status_code, fields_of(answer)) == (400, ["userEmail"])
    assert not User.objects.filter(external_id="alice").exists()
