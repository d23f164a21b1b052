"""Composio's webhook subscriptions, and the event that would come."""

import base64
import hashlib
import hmac
import json

import pytest

from integrations_health.providers.simulator.composio_webhooks import EXPIRED, expired_event

PATH = "/api/v3.1/webhook_subscriptions"
ASKED = {"webhook_url": "https://health.example.com/hooks", "enabled_events": [EXPIRED]}


def test_a_project_has_one_subscription(composio):
    first = composio.post(PATH, json=ASKED)
    second = composio.post(PATH, json=ASKED)

    assert (first.status_code, second.status_code) == (201, 400)
    assert [one["id"] for one in composio.get(PATH).json()["items"]] == [first.json()["id"]]


def test_a_subscription_is_changed_and_its_secret_rotated(composio):
    made = composio.post(PATH, json=ASKED).json()
    path = f"{PATH}/{made['id']}"

    composio.patch(path, json={"enabled_events": ["composio.trigger.message", EXPIRED]})
    rotated = composio.post(f"{path}/rotate_secret").json()

    now = composio.get(path).json()
    assert now["enabled_events"] == ["composio.trigger.message", EXPIRED]
    assert now["secret"] == rotated["secret"] != made["secret"]


@pytest.mark.parametrize(
    "change",
    [
        {"webhook_url": "http://health.example.com"},
        {"webhook_url": "https://" + "x" * 2048},
        {"enabled_events": []},
        {"enabled_events": EXPIRED},
        {"version": "V4"},
        {"surprise": True},
    ],
    ids=lambda change: f"{next(iter(change))}={str(next(iter(change.values())))[:20]}",
)
def test_a_subscription_asked_for_wrongly_is_refused(composio, change):
    assert composio.post(PATH, json={**ASKED, **change}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PATCH", ""), ("POST", "/rotate_secret")]
)
def test_an_unknown_subscription_is_not_found(composio, method, path):
    assert composio.request(method, f"{PATH}/ws_nobody{path}", json={}).status_code == 404


def test_the_event_is_signed_with_the_secret_as_it_stands(simulator):
    account = simulator.connect("composio", "gmail", status="EXPIRED")

    headers, body = expired_event(account, "whsec_c2VjcmV0", id="msg_1", at=1_700_000_000)

    key, signed = b"whsec_c2VjcmV0", b"msg_1.1700000000." + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    said = json.loads(body)
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert (said["id"], said["type"]) == ("msg_1", EXPIRED)
    assert (said["data"]["id"], said["data"]["status"]) == (account.id, "EXPIRED")
