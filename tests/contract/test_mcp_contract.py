"""Plain MCP servers, as simulated: who may come in, and how a failure meets a handshake."""

import httpx
import pytest

from tests.contract.asking import INITIALIZE, MCP_CALL, MCP_HEADERS, legacy, modern


@pytest.fixture
def http():
    with httpx.Client() as client:
        yield client


def call(http, simulator, account, **headers):
    return http.post(simulator.server_url(account), **modern("tools/call", MCP_CALL, **headers))


def handshake(http, simulator, account):
    """Begin a session and call a tool; return the answers, the last one first refused."""
    url = simulator.server_url(account)
    opened = http.post(url, headers=MCP_HEADERS, json=legacy("initialize", INITIALIZE, id=1))
    if opened.is_error:
        return [opened]
    headers = {**MCP_HEADERS, "mcp-session-id": opened.headers["mcp-session-id"]}
    called = http.post(url, headers=headers, json=legacy("tools/call", MCP_CALL))
    return [opened, called]


@pytest.mark.parametrize("is_legacy", [False, True])
@pytest.mark.parametrize("token", [None, "Bearer wrong", "t0ken"])
def test_a_token_opens_the_door_and_nothing_else_does(http, simulator, is_legacy, token):
    account = simulator.connect("mcp", "gmail", token="t0ken", is_legacy=is_legacy)

    refused = call(http, simulator, account, authorization=token)
    headers = {**MCP_HEADERS, "authorization": "Bearer t0ken"}
    allowed = http.post(
        simulator.server_url(account), headers=headers, json=legacy("initialize", INITIALIZE)
    )

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert "/.well-known/oauth-protected-resource/mcp" in refused.headers["www-authenticate"]
    assert allowed.status_code == (200 if is_legacy else 400)


@pytest.mark.parametrize(
    ("script", "status", "word"),
    [
        ("expired", 401, "invalid_token"),
        ("revoked", 401, "invalid_token"),
        ("initiated", 401, "invalid_token"),
        ("key_rejected", 401, "invalid_token"),
        ("missing_scope", 403, "insufficient_scope"),
        ("gone", 404, ""),
        ("disabled", 404, ""),
        ("500", 500, ""),
        ("503", 503, ""),
        ("429", 429, ""),
    ],
)
@pytest.mark.parametrize("is_legacy", [False, True])
def test_a_refusal_comes_once_per_step_whatever_the_era(
    http, simulator, is_legacy, script, status, word
):
    account = simulator.connect("mcp", "gmail", script=f"{script}*2, ok", is_legacy=is_legacy)

    answers = [
        handshake(http, simulator, account)[-1] if is_legacy else call(http, simulator, account)
        for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert word in answers[0].headers.get("www-authenticate", "")
    assert answers[0].headers.get("retry-after") == ("60" if status == 429 else None)


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ("revoked_but_active", "Error executing tool gmail_search_emails: ('invalid_grant"),
        ("service_500", "Error executing tool gmail_search_emails: 500 Server Error"),
        ("bad_arguments", "Error executing tool gmail_search_emails: 400 Client Error"),
        ("tool_gone", "Unknown tool: gmail_search_emails"),
    ],
)
@pytest.mark.parametrize("is_legacy", [False, True])
def test_a_failing_tool_uses_up_one_step_per_call(http, simulator, is_legacy, script, word):
    options = {"is_legacy": is_legacy, "is_sse": False}
    account = simulator.connect("mcp", "gmail", script=f"{script}*1, ok", **options)

    results = [
        (
            handshake(http, simulator, account)[-1] if is_legacy else call(http, simulator, account)
        ).json()["result"]
        for _ in range(2)
    ]

    assert [result["isError"] for result in results] == [True, False]
    assert results[0]["content"][0]["text"].startswith(word)


def test_a_lost_session_is_found_again_by_a_new_handshake(http, simulator):
    account = simulator.connect("mcp", "gmail", script="session_lost*1, ok", is_legacy=True)

    first, second = (handshake(http, simulator, account)[-1] for _ in range(2))

    assert (first.status_code, second.status_code) == (404, 200)


def test_a_probe_of_the_wrong_era_uses_nothing_up(http, simulator):
    account = simulator.connect("mcp", "gmail", script="500*1, ok", is_legacy=True)

    call(http, simulator, account)

    assert handshake(http, simulator, account)[-1].status_code == 500


@pytest.mark.parametrize("is_legacy", [False, True])
def test_a_server_that_is_gone_is_so_in_every_era(http, simulator, is_legacy):
    account = simulator.connect("mcp", "gmail", script="gone", is_legacy=is_legacy)

    answers = [call(http, simulator, account), handshake(http, simulator, account)[-1]]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize("name", ["nobody", ""])
def test_a_server_that_is_not_there_is_not_found(http, simulator, name):
    answer = http.post(f"{simulator.base_url}/mcp/{name}", **modern("server/discover"))

    assert answer.status_code == 404


def test_all_servers_can_be_down_at_once(http, simulator):
    account = simulator.connect("mcp", "gmail")

    simulator.answers("mcp", "503*1, ok")

    assert [call(http, simulator, account).status_code for _ in range(2)] == [503, 200]
