"""Klavis, as simulated: what it refuses, and how its failures look like answers."""

import json

import pytest

from tests.contract.asking import CALL_TOOL, KLAVIS_CALLS, LIST_TOOLS, call_tool


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic simulator-key"])
def test_a_request_without_the_right_key_is_refused(klavis, header):
    answer = klavis.get("/user/user-1/integrations", headers={"authorization": header})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"serverUrl": None}, "string_type"),
        ({"toolArgs": []}, "object_type"),
        ({"connectionType": "Pigeon"}, "string_type"),
        ({"surprise": True}, "extra_forbidden"),
    ],
    ids=str,
)
def test_a_call_that_is_asked_for_wrongly_is_refused(klavis, simulator, change, kind):
    account = simulator.connect("klavis", "gmail")

    answer = call_tool(klavis, simulator, account, **change)

    problem = answer.json()["detail"][0]
    assert answer.status_code == 422
    assert (problem["loc"], problem["type"]) == (["body", next(iter(change))], kind)


@pytest.mark.parametrize("path", [CALL_TOOL, LIST_TOOLS, "/mcp-server/instance/create"])
def test_what_is_missing_or_no_json_is_refused(klavis, path):
    assert klavis.post(path, json={}).status_code == 422
    assert klavis.post(path, content=b"{").status_code == 422


@pytest.mark.parametrize("service", KLAVIS_CALLS)
def test_a_tool_that_works_answers_with_json(klavis, simulator, service):
    account = simulator.connect("klavis", service)

    said = call_tool(klavis, simulator, account).json()

    assert (said["success"], said["result"]["isError"]) == (True, False)
    assert "error" not in json.loads(said["result"]["content"][0]["text"])


@pytest.mark.parametrize(
    ("service", "script", "text"),
    [
        ("gmail", "service_500", '{"error": "500 Server Error'),
        ("gmail", "revoked", '{"error": "Invalid Credentials"}'),
        ("gmail", "revoked_but_active", '{"error": "(\'invalid_grant'),
        ("calendar", "revoked_but_active", "Error: Google Calendar API Error (401): 401 Client"),
        ("calendar", "missing_scope", "Error: Google Calendar API Error (403): 403 Client"),
        ("slack", "revoked_but_active", "Error: token_revoked"),
        ("slack", "service_quota", "Error: ratelimited"),
        ("slack", "slack_ok_false", '{"ok": false, "error": "token_revoked"}'),
    ],
)
def test_a_failure_looks_like_an_answer(klavis, simulator, service, script, text):
    account = simulator.connect("klavis", service, script=script)

    said = call_tool(klavis, simulator, account).json()

    assert (said["success"], said["result"]["isError"]) == (True, False)
    assert said["result"]["content"][0]["text"].startswith(text)


def test_an_unknown_tool_is_marked(klavis, simulator):
    account = simulator.connect("klavis", "gmail", script="tool_gone*1, ok")

    results = [call_tool(klavis, simulator, account).json()["result"] for _ in range(2)]

    assert [result["isError"] for result in results] == [True, False]
    assert results[0]["content"][0]["text"] == "Unknown tool: gmail_search_emails"


def test_an_instance_that_is_gone_is_not_reached(klavis, simulator):
    account = simulator.connect("klavis", "gmail", script="gone")

    assert klavis.get(f"/mcp-server/instance/{account.id}").status_code == 404
    assert not call_tool(klavis, simulator, account).json()["success"]


@pytest.mark.parametrize("script", ["500", "502", "503", "408", "429", "429(30)"])
def test_http_faults_come_in_klavis_own_dress(klavis, simulator, script):
    account = simulator.connect("klavis", "gmail", script=script)

    answer = call_tool(klavis, simulator, account)

    assert str(answer.status_code) == script[:3]
    assert answer.headers.get("retry-after") == ("30" if "(" in script else None)


def test_a_status_that_is_read_shows_what_is_scripted(klavis, simulator):
    account = simulator.connect("klavis", "gmail", script="expired*2, ok", user_id="user-1")
    path = f"/mcp-server/instance/{account.id}"

    said = [klavis.get(path).json()["isAuthenticated"] for _ in range(3)]

    assert said == [False, False, True]


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ("openai", "function"),
        ("anthropic", "input_schema"),
        ("gemini", "parameters"),
        ("mcp_native", "inputSchema"),
    ],
)
def test_tools_are_listed_in_every_form(klavis, simulator, form, key):
    account = simulator.connect("klavis", "slack")
    asked = {"serverUrl": simulator.server_url(account), "format": form}

    said = klavis.post(LIST_TOOLS, json=asked).json()

    assert said["format"] == form
    assert all(key in tool for tool in said["tools"])


def test_beyond_the_limit_comes_a_429_without_advice(klavis, simulator):
    simulator.limit("klavis", 0)

    answer = klavis.get("/user/user-1/integrations")

    assert (answer.status_code, answer.headers.get("retry-after")) == (429, None)


@pytest.mark.parametrize("query", ["page_size=0", "page_size=1001", "page_number=x", "page=1"])
def test_users_that_are_asked_for_wrongly_are_refused(browser, simulator, query):
    # The list of users is not in the document, so the client that checks it is not used.
    headers = {"authorization": f"Bearer {simulator.api_key}"}

    assert browser.get(f"/user/?{query}", headers=headers).status_code == 422
