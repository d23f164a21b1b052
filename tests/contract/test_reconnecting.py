"""A user connects again: Composio's link, Klavis's page, and what they lead to."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine

LINK = "/api/v3.1/connected_accounts/link"
BACK = "https://app.example.com/back?from=mail"


def begin(composio, **body):
    asked = {"auth_config_id": "ac_gmail", "user_id": "user-1", "callback_url": BACK, **body}
    return composio.post(LINK, json=asked)


def status_of(composio, id):
    return composio.get(f"/api/v3.1/connected_accounts/{id}").json()["status"]


def test_a_user_who_allows_it_comes_back_connected(composio, browser):
    link = begin(composio).json()

    page = browser.get(link["redirect_url"])
    back = browser.post(link["redirect_url"], data={"consent": "allow"})

    place = urlsplit(back.headers["location"])
    assert "Connect Gmail" in page.text
    assert (back.status_code, place.netloc) == (302, "app.example.com")
    assert parse_qs(place.query) == {
        "from": ["mail"],
        "status": ["success"],
        "connected_account_id": [link["connected_account_id"]],
    }
    assert status_of(composio, link["connected_account_id"]) == "ACTIVE"


def test_the_old_account_stays_as_it_was(composio, browser, simulator):
    old = simulator.connect("composio", "gmail", script="expired")
    link = begin(composio).json()

    browser.post(link["redirect_url"], data={"consent": "allow"})

    assert link["connected_account_id"] != old.id
    assert status_of(composio, old.id) == "EXPIRED"


def test_a_user_may_say_no(composio, browser):
    link = begin(composio).json()

    back = browser.post(link["redirect_url"], data={"consent": "deny"})

    assert "status=failed" in back.headers["location"]
    assert status_of(composio, link["connected_account_id"]) == "FAILED"


def test_a_user_may_come_back_as_somebody_else(composio, browser):
    link = begin(composio).json()
    browser.post(link["redirect_url"], data={"consent": "allow", "identity": "other@example.com"})
    body = {"connected_account_id": link["connected_account_id"], "user_id": "user-1"}

    said = composio.post("/api/v3.1/tools/execute/GMAIL_GET_PROFILE", json=body).json()

    assert said["data"]["emailAddress"] == "other@example.com"


def test_a_link_works_once_and_for_ten_minutes(composio, browser):
    used, late = begin(composio).json(), begin(composio).json()
    browser.post(used["redirect_url"], data={"consent": "allow"})

    again = browser.post(used["redirect_url"], data={"consent": "allow"})
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)):
        expired = browser.get(late["redirect_url"])
        status = status_of(composio, late["connected_account_id"])

    assert (again.status_code, expired.status_code, status) == (410, 410, "EXPIRED")


@pytest.mark.parametrize(
    "body", [{"user_id": ""}, {"auth_config_id": None}, {"callback": BACK}], ids=str
)
def test_a_link_asked_for_wrongly_is_refused(composio, body):
    assert begin(composio, **body).status_code == 400


def test_a_link_for_an_unknown_configuration_is_refused(composio):
    assert begin(composio, auth_config_id="ac_nonsense").status_code == 404


def test_a_link_keeps_the_auth_configuration_of_the_old_account(composio, simulator):
    simulator.connect("composio", "slack", auth_config_id="ac_Xy12")

    link = begin(composio, auth_config_id="ac_Xy12").json()

    account = simulator.account(link["connected_account_id"])
    assert (account.service.name, account.auth_config_id) == ("slack", "ac_Xy12")


def test_revoking_ends_a_connection_once(composio, simulator):
    account = simulator.connect("composio", "gmail")
    path = f"/api/v3.1/connected_accounts/{account.id}/revoke"

    first, second = composio.post(path), composio.post(path)

    assert first.json()["connected_account"]["status"] == "REVOKED"
    assert second.status_code == 409


def test_what_cannot_be_revoked_says_so(composio, simulator):
    account = simulator.connect("composio", "notion")

    answer = composio.post(f"/api/v3.1/connected_accounts/{account.id}/revoke")

    assert answer.status_code == 400


def test_switching_on_says_active_and_mends_nothing(composio, simulator):
    account = simulator.connect("composio", "gmail", script="expired")
    composio.patch(f"/api/v3.1/connected_accounts/{account.id}/status", json={"enabled": True})
    body = {"connected_account_id": account.id, "user_id": account.user_id}

    said = composio.post("/api/v3.1/tools/execute/GMAIL_GET_PROFILE", json=body).json()

    assert status_of(composio, account.id) == "ACTIVE"
    assert not said["successful"]


def test_klavis_connects_the_same_instance_again(klavis, browser, simulator):
    account = simulator.connect("klavis", "calendar", script="revoked")
    path = f"/mcp-server/instance/{account.id}"
    before = klavis.get(path).json()

    url = f"{before['oauthUrl']}&{urlencode({'redirect_url': BACK})}"
    page = browser.get(url)
    back = browser.post(url, data={"consent": "allow"})

    after = klavis.get(path).json()
    assert "Connect Google Calendar" in page.text
    assert back.headers["location"] == BACK
    assert (before["isAuthenticated"], after["isAuthenticated"]) == (False, True)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/oauth/gmail/authorize", 422),
        ("/oauth/gmail/authorize?instance_id=nobody", 404),
        ("/oauth/gmail/authorize?instance_id={id}&surprise=1", 422),
        ("/oauth/slack/authorize?instance_id={id}", 404),
    ],
)
def test_klavis_refuses_a_page_that_is_asked_for_wrongly(browser, simulator, path, status):
    account = simulator.connect("klavis", "gmail")

    assert browser.get(path.format(id=account.id)).status_code == status
