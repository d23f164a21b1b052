"""Composio's published client, held to its own types, works against the simulator."""

from collections.abc import Iterator

import composio_client
import pytest
from composio_client import Composio

from integrations_health.providers.simulator import Simulator


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Composio]:
    with Composio(
        api_key=simulator.api_key,
        base_url=simulator.base_url,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


def test_a_list_is_filtered_by_every_filter_at_once(client, simulator):
    wanted = simulator.connect("composio", "gmail", user_id="user-1")
    simulator.connect("composio", "slack", user_id="user-1")
    simulator.connect("composio", "gmail", user_id="user-2")

    page = client.connected_accounts.list(
        user_ids=["user-1", "user-3"],
        toolkit_slugs=["gmail", "notion"],
        statuses=["ACTIVE", "EXPIRED"],
        auth_config_ids=["ac_gmail"],
        limit=100,
    )

    assert [item.id for item in page.items] == [wanted.id]
    assert page.total_items == 1


def test_a_list_is_read_page_by_page(client, simulator):
    accounts = [simulator.connect("composio", "gmail").id for _ in range(5)]

    seen, cursor = [], None
    while True:
        page = client.connected_accounts.list(limit=2, cursor=cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == accounts[::-1]
    assert (page.total_items, page.total_pages, page.current_page) == (5, 3, 3)


def test_one_account_is_retrieved(client, simulator):
    account = simulator.connect("composio", "calendar", script="expired")

    found = client.connected_accounts.retrieve(account.id)

    assert (found.id, found.status) == (account.id, "EXPIRED")
    assert found.status_reason == "Permanent auth error during token refresh"
    assert found.toolkit.slug == "googlecalendar"


def test_a_tool_is_described_and_executed(client, simulator):
    account = simulator.connect("composio", "gmail", user_id="user-7")

    tool = client.tools.retrieve("GMAIL_GET_PROFILE")
    result = client.tools.execute(
        tool.slug,
        connected_account_id=account.id,
        user_id=account.user_id,
        arguments={"user_id": "me"},
        version=tool.version,
    )

    assert result.successful
    assert result.data["emailAddress"] == "user-7@example.com"


def test_a_link_makes_a_new_account(client, simulator):
    link = client.link.create(
        auth_config_id="ac_slack", user_id="user-1", callback_url="https://app.example.com/back"
    )

    assert client.connected_accounts.retrieve(link.connected_account_id).status == "INITIATED"
    assert link.redirect_url == f"{simulator.base_url}/link/{link.link_token}"


def test_a_status_is_switched_off_and_on(client, simulator):
    account = simulator.connect("composio", "gmail")

    client.connected_accounts.update_status(account.id, enabled=False)
    off = client.connected_accounts.retrieve(account.id)
    client.connected_accounts.update_status(account.id, enabled=True)
    on = client.connected_accounts.retrieve(account.id)

    assert (off.status, on.status) == ("INACTIVE", "ACTIVE")


def test_an_account_is_deleted(client, simulator):
    account = simulator.connect("composio", "gmail")

    client.connected_accounts.delete(account.id)

    with pytest.raises(composio_client.NotFoundError):
        client.connected_accounts.retrieve(account.id)


def test_a_refresh_breaks_a_working_connection_and_is_remembered_as_forbidden(client, simulator):
    account = simulator.connect("composio", "gmail")

    with pytest.deprecated_call():
        client.connected_accounts.refresh(account.id)

    assert client.connected_accounts.retrieve(account.id).status == "INITIATED"
    assert [call.account for call in simulator.forbidden_calls] == [account.id]


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("500", composio_client.InternalServerError),
        ("503", composio_client.InternalServerError),
        ("408", composio_client.APIStatusError),
        ("429", composio_client.RateLimitError),
        ("key_rejected", composio_client.AuthenticationError),
        ("gone", composio_client.NotFoundError),
        ("tool_gone", composio_client.NotFoundError),
        ("expired", composio_client.UnprocessableEntityError),
    ],
)
def test_the_client_understands_each_refusal(client, simulator, script, error):
    account = simulator.connect("composio", "slack", script=script)

    with pytest.raises(error):
        client.tools.execute(
            "SLACK_TEST_AUTH",
            connected_account_id=account.id,
            user_id=account.user_id,
            arguments={},
        )


def test_what_the_client_does_not_cover_is_there_too(client):
    info = client.get("/api/v3.1/auth/session/info", cast_to=object)

    assert info["project"]["id"]
