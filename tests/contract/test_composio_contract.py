"""Composio, as simulated: what it refuses, how it fails, and that both are as documented."""

import pytest

from tests.contract.asking import EXECUTE, LIST, execute


@pytest.mark.parametrize(
    ("headers", "code", "slug"),
    [
        ({"x-api-key": ""}, 906, "Auth_NoAuthProvided"),
        ({"x-api-key": "wrong"}, 801, "APIKey_InvalidAPIKey"),
    ],
)
@pytest.mark.parametrize("path", [LIST, f"{LIST}/ca_x", "/api/v3.1/auth/session/info"])
def test_a_request_without_the_right_key_is_refused(composio, path, headers, code, slug):
    answer = composio.get(path, headers=headers)

    assert answer.status_code == 401
    assert (answer.json()["error"]["code"], answer.json()["error"]["slug"]) == (code, slug)


def test_every_answer_carries_the_request_id_and_what_is_left(composio, simulator):
    simulator.limit("composio", 2000)

    answers = [composio.get(LIST, headers={"x-request-id": f"id-{n}"}) for n in range(2)]

    assert [answer.headers["x-request-id"] for answer in answers] == ["id-0", "id-1"]
    assert {answer.headers["x-ratelimit"] for answer in answers} == {"2000"}
    assert {answer.headers["x-ratelimit-window-size"] for answer in answers} == {"60s"}
    assert all(1990 < int(answer.headers["x-ratelimit-remaining"]) < 2000 for answer in answers)


def test_beyond_the_limit_comes_a_429_that_wears_no_envelope(composio, simulator):
    simulator.limit("composio", 0)

    answer = composio.get(LIST)

    assert answer.status_code == 429
    assert answer.json() == {"message": "Rate limit exceeded. Limit: 0 requests per 1 minutes"}
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["x-ratelimit-remaining"] == "0"


@pytest.mark.parametrize(
    "query",
    [
        {"user_id": "user-1"},
        {"user_ids": ["user-1", "user-2"]},
        {"statuses": "ALIVE"},
        {"limit": "many"},
        {"limit": "0"},
        {"cursor": "nonsense!"},
        {"order_by": "name"},
        {"account_type": "private"},
    ],
    ids=lambda query: next(iter(query.items())),
)
def test_a_list_that_is_asked_for_wrongly_is_refused(composio, query):
    answer = composio.get(LIST, params=query)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 10400)


@pytest.mark.parametrize(
    "body",
    [
        {"arguments": "none"},
        {"user_id": 7},
        {"surprise": True},
        {"arguments": {}, "text": "look"},
        {"arguments": [["user_id", "me"]]},
    ],
    ids=str,
)
def test_a_call_that_is_asked_for_wrongly_is_refused(composio, simulator, body):
    account = simulator.connect("composio", "gmail")

    answer = execute(composio, account, **body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 10400)


def test_a_body_that_is_no_json_is_refused(composio):
    answer = composio.post(f"{EXECUTE}/GMAIL_GET_PROFILE", content=b"{")

    assert answer.status_code == 400


def test_the_account_alone_does_not_say_whose_it_is(composio, simulator):
    account = simulator.connect("composio", "gmail")
    body = {"connected_account_id": account.id, "arguments": {}}

    answer = composio.post(f"{EXECUTE}/GMAIL_GET_PROFILE", json=body)

    slug = answer.json()["error"]["slug"]
    assert (answer.status_code, slug) == (400, "ActionExecute_ConnectedAccountEntityIdRequired")


@pytest.mark.parametrize(
    "other", [{"user_id": "somebody-else"}, {"connected_account_id": "ca_nobody"}], ids=str
)
def test_somebody_elses_account_is_not_found(composio, simulator, other):
    account = simulator.connect("composio", "gmail")

    answer = execute(composio, account, **other)

    assert answer.json()["error"]["slug"] == "ActionExecute_ConnectedAccountNotFound"


def test_a_shared_account_is_listed_only_when_asked_for(composio, simulator):
    private = simulator.connect("composio", "gmail")
    shared = simulator.connect("composio", "gmail", is_shared=True)

    found = {
        kind: {item["id"] for item in composio.get(LIST, params=query).json()["items"]}
        for kind, query in {
            "default": {},
            "SHARED": {"account_type": "SHARED"},
            "ALL": {"account_type": "ALL"},
        }.items()
    }

    assert found == {"default": {private.id}, "SHARED": {shared.id}, "ALL": {private.id, shared.id}}


@pytest.mark.parametrize(
    ("script", "status", "flags"),
    [
        ("expired", "EXPIRED", (False, False)),
        ("failed", "FAILED", (False, False)),
        ("revoked", "REVOKED", (False, False)),
        ("inactive", "INACTIVE", (False, False)),
        ("initiated", "INITIATED", (False, False)),
        ("disabled", "ACTIVE", (True, False)),
        ("auth_config_disabled", "ACTIVE", (False, True)),
        ("revoked_but_active", "ACTIVE", (False, False)),
        ("500", "ACTIVE", (False, False)),
    ],
)
def test_what_is_scripted_shows_in_the_list_and_alone(composio, simulator, script, status, flags):
    account = simulator.connect("composio", "gmail", script=script)

    listed = composio.get(LIST, params={"connected_account_ids": account.id}).json()["items"]
    alone = composio.get(f"{LIST}/{account.id}").json()

    for item in (*listed, alone):
        assert item["status"] == status
        assert (item["is_disabled"], item["auth_config"]["is_disabled"]) == flags
    assert len(listed) == 1


@pytest.mark.parametrize("script", ["expired", "failed", "revoked", "inactive", "disabled"])
def test_a_dead_connection_runs_no_tool(composio, simulator, script):
    account = simulator.connect("composio", "gmail", script=script)

    assert execute(composio, account).status_code == 422


@pytest.mark.parametrize("script", ["500", "502", "503", "408", "429", "tool_gone(410)"])
def test_http_faults_wear_the_documented_dress(composio, simulator, script):
    account = simulator.connect("composio", "gmail", script=script)

    answer = execute(composio, account)

    assert str(answer.status_code) in script


@pytest.mark.parametrize(
    ("script", "wait"),
    [
        ("429", "60"),
        ("429(7)", "7"),
        ("429(-1)", "-1"),
        ("429(Wed, 21 Oct 2026 07:28:00 GMT)", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ("429(none)", None),
    ],
)
def test_a_429_asks_to_wait_as_scripted(composio, simulator, script, wait):
    account = simulator.connect("composio", "gmail", script=script)

    answer = execute(composio, account)

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, wait)


@pytest.mark.parametrize(
    ("script", "status", "word"),
    [
        ("revoked_but_active", 401, "invalid_grant"),
        ("missing_scope", 403, "insufficient authentication scopes"),
        ("service_500", 500, "Internal Server Error"),
        ("service_quota", 429, "Quota exceeded"),
        ("bad_arguments", 400, "Bad Request"),
        ("revoked_but_active(Bad credentials)", 401, "Bad credentials"),
    ],
)
def test_a_failing_service_hides_in_a_200(composio, simulator, script, status, word):
    account = simulator.connect("composio", "gmail", script=script)

    answer = execute(composio, account)

    said = answer.json()
    assert (answer.status_code, said["successful"]) == (200, False)
    assert said["data"]["status_code"] == status
    assert word in said["error"]


def test_slack_says_no_in_a_call_that_succeeded(composio, simulator):
    account = simulator.connect("composio", "slack", script="slack_ok_false")

    said = execute(composio, account, "SLACK_TEST_AUTH").json()

    assert said["successful"]
    assert said["data"] == {"ok": False, "error": "token_revoked"}


def test_wrong_arguments_are_refused_by_the_tool(composio, simulator):
    account = simulator.connect("composio", "gmail")

    said = execute(composio, account, arguments={"user": "me"}).json()

    assert not said["successful"]
    assert "'user'" in said["error"]


def test_a_removed_tool_is_gone_for_everybody(composio, simulator):
    account = simulator.connect("composio", "gmail")

    simulator.remove_tool("GMAIL_GET_PROFILE")

    assert execute(composio, account).json()["error"]["slug"] == "Tool_ToolNotFound"
