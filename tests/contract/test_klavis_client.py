"""Klavis's published client works against the simulator."""

import json
from collections.abc import Iterator

import httpx
import pytest
from klavis import Klavis
from klavis.core.api_error import ApiError
from klavis.errors.unprocessable_entity_error import UnprocessableEntityError

from integrations_health.providers.simulator import Simulator


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as http:
        yield http


@pytest.fixture
def client(simulator: Simulator, http: httpx.Client) -> Klavis:
    return Klavis(api_key=simulator.api_key, base_url=simulator.base_url, httpx_client=http)


def test_an_instance_asked_for_twice_is_the_same(client, simulator):
    first = client.mcp_server.create_server_instance(server_name="Gmail", user_id="user-1")
    second = client.mcp_server.create_server_instance(server_name="Gmail", user_id="user-1")

    assert first == second
    assert first.server_url == f"{simulator.base_url}/mcp/?instance_id={first.instance_id}"
    assert first.oauth_url.startswith(f"{simulator.base_url}/oauth/gmail/authorize?instance_id=")


def test_an_instance_is_read(client, simulator):
    account = simulator.connect("klavis", "calendar", user_id="user-7")

    instance = client.mcp_server.get_server_instance(account.id)

    assert (instance.instance_id, instance.server_name) == (account.id, "Google Calendar")
    assert (instance.is_authenticated, instance.external_user_id) == (True, "user-7")


def test_tools_are_listed_and_called(client, simulator):
    account = simulator.connect("klavis", "gmail")
    url = simulator.server_url(account)

    listed = client.mcp_server.list_tools(server_url=url, format="openai")
    called = client.mcp_server.call_tools(
        server_url=url,
        tool_name=listed.tools[0]["function"]["name"],
        tool_args={"query": "rfc822msgid:none@invalid", "maxResults": 1},
    )

    assert called.success
    assert json.loads(called.result.content[0]["text"]) == []


def test_authentication_is_shown_and_deleted(client, simulator):
    account = simulator.connect("klavis", "slack", user_id="user-1")

    before = client.user.get_user_auth("user-1", "Slack")
    client.mcp_server.delete_instance_auth(account.id)
    after = client.user.get_user_auth("user-1", "Slack")

    assert (before.is_authenticated, after.is_authenticated) == (True, False)


def test_reading_the_tokens_is_remembered_as_forbidden(client, simulator):
    account = simulator.connect("klavis", "slack")

    answer = client.mcp_server.get_instance_auth_data(account.id)

    assert answer.success
    assert [call.account for call in simulator.forbidden_calls] == [account.id]


def test_a_users_integrations_are_listed(client, simulator):
    simulator.connect("klavis", "gmail", user_id="user-1")
    simulator.connect("klavis", "slack", user_id="user-1", script="revoked")

    answer = client.user.get_user_integrations("user-1")

    said = {one.name: one.is_authenticated for one in answer.integrations}
    assert said == {"Gmail": True, "Slack": False}


def test_users_are_listed_page_by_page(client, simulator):
    for number in range(5):
        simulator.connect("klavis", "gmail", user_id=f"user-{number}")

    page = client.user.get_all_users(page_size=2, page_number=3)

    assert [user.user_id for user in page.users] == ["user-4"]
    assert (page.total_count, page.total_pages) == (5, 3)


def test_an_instance_is_deleted(client, simulator):
    account = simulator.connect("klavis", "gmail")

    client.mcp_server.delete_server_instance(account.id)

    with pytest.raises(ApiError) as refusal:
        client.mcp_server.get_server_instance(account.id)
    assert refusal.value.status_code == 404


def test_an_unknown_server_is_refused_as_documented(client):
    with pytest.raises(UnprocessableEntityError):
        client.mcp_server.create_server_instance(server_name="Nonsense", user_id="user-1")


def test_a_wrong_key_is_refused(simulator, http):
    client = Klavis(api_key="wrong", base_url=simulator.base_url, httpx_client=http)

    with pytest.raises(ApiError) as refusal:
        client.user.get_user_integrations("user-1")

    assert refusal.value.status_code == 401
